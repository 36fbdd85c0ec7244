/** Byte formats in plain TypeScript: nothing here opens a socket or a file. */
export { wireErrors } from "./errors.ts";
export { readJsonEnvelope, readJsonRecords } from "./json-records.ts";
export type { JsonEnvelope, JsonRecords, JsonRecordsOptions } from "./json-records.ts";
export { decodeProxyHeader, encodeProxyHeader } from "./proxy-header.ts";
export type { ProxyAddresses, ProxyEndpoint, ProxyHeader } from "./proxy-header.ts";
export { SNAPPY_SLACK_BYTES, snappyDecode } from "./snappy-decode.ts";
export type { SnappyDecodeOptions } from "./snappy-decode.ts";
export { snappyEncode } from "./snappy-encode.ts";
export { readGreeting } from "./tls-greeting.ts";
export type { Greeting } from "./tls-greeting.ts";
export { decodeRawLabels, encodeLabels, encodeWriteRequest } from "./write-request.ts";
export type {
  RawLabel,
  WriteExemplar,
  WriteSample,
  WriteSeries,
  WrittenSample,
} from "./write-request.ts";
export { WriteRequestCursor } from "./write-request-cursor.ts";
export { parseExposition } from "./exposition.ts";
export type {
  Exemplar,
  Exposition,
  ExpositionError,
  ExpositionOptions,
  ExpositionSample,
  MetricMetadata,
  MetricType,
  KnownSeries,
  SeriesTexts,
} from "./exposition.ts";
export { parseMetricsProtobuf } from "./metrics-protobuf.ts";
export { parseOpenMetrics } from "./openmetrics.ts";
