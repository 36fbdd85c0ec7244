/** Which format a target is asked for, and reading the one it answers in. */
import { gunzip } from "node:zlib";
import { promisify } from "node:util";
import type { TransportResponse } from "../client/index.ts";
import { CodedError, limits } from "../core/index.ts";
import { parseExposition, parseMetricsProtobuf, parseOpenMetrics } from "../wire/index.ts";
import type { Exposition, ExpositionSample, SeriesTexts } from "../wire/index.ts";
import type { ScrapeProtocol } from "./scrape-job.ts";

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
};

/** The Accept header, in the order of `protocols`. @see prometheus scrape/scrape.go, acceptHeader */
export function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const quality = (index: number): string => `q=0.${protocols.length + 1 - index}`;
  const parts = protocols.map((protocol, index) => `${MEDIA_TYPES[protocol]};${quality(index)}`);
  return [...parts, "*/*;q=0.1"].join(",");
}

export interface BodyOptions {
  /** After decompression. */
  readonly bytesMax: number;
  /** What a body without a content type is. */
  readonly fallback: ScrapeProtocol;
  readonly samplesMax?: number;
  readonly series?: SeriesTexts;
}

/**
 * Reads the samples of an answer.
 *
 * @throws CodedError ScrapeFailed: another format or coding, or a mistake. As in Prometheus a body with a mistake gives
 *   nothing, for half a scrape looks like vanished series.
 */
export async function readBody(
  response: TransportResponse,
  options: BodyOptions,
): Promise<readonly ExpositionSample[]> {
  const protocol = protocolOf(response, options.fallback);
  const body = await decoded(response, options.bytesMax);
  const { samples, errors } = parse(protocol, body, options);
  const [error] = errors;
  if (error !== undefined) {
    throw failed(`line ${error.line}, column ${error.column}: ${error.says}`);
  }
  return samples;
}

function parse(protocol: ScrapeProtocol, body: Buffer, options: BodyOptions): Exposition {
  const { samplesMax = limits.scrapeSeriesMax, series } = options;
  const bounds = { samplesMax, ...(series === undefined ? {} : { series }) };
  switch (protocol) {
    case "PrometheusProto":
      return parseMetricsProtobuf(body, { samplesMax });
    case "PrometheusText0.0.4":
      return parseExposition(body.toString("utf8"), bounds);
    default:
      return parseOpenMetrics(body.toString("utf8"), bounds);
  }
}

function protocolOf({ headers }: TransportResponse, fallback: ScrapeProtocol): ScrapeProtocol {
  const [type = "", ...parameters] = (headers["content-type"] ?? "")
    .split(";")
    .map((part) => part.trim().toLowerCase());
  const parameter = (name: string): string | undefined =>
    parameters.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  switch (type) {
    case "":
      return fallback;
    case "text/plain":
      if ((parameter("version") ?? "0.0.4") === "0.0.4") return "PrometheusText0.0.4";
      throw failed(`text/plain of version ${parameter("version")} is not supported; 0.0.4 is`);
    case "application/openmetrics-text":
      return "OpenMetricsText1.0.0";
    case "application/vnd.google.protobuf":
      if (parameter("encoding") === "delimited") return "PrometheusProto";
      throw failed("protobuf is supported in the delimited encoding alone");
    default:
      throw failed(
        `content type ${type.slice(0, 64)} is not supported; text/plain 0.0.4, OpenMetrics and delimited protobuf are`,
      );
  }
}

const unzip = promisify(gunzip);

async function decoded({ headers, body }: TransportResponse, bytesMax: number): Promise<Buffer> {
  const encoding = (headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity" || encoding === "") return body;
  if (encoding !== "gzip")
    throw failed(`content encoding ${encoding.slice(0, 64)} was not asked for`);
  try {
    return await unzip(body, { maxOutputLength: bytesMax });
  } catch (error) {
    const large =
      error instanceof RangeError ||
      (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE");
    throw failed(
      large ? `the body has more than ${bytesMax} bytes once decompressed` : "the body is not gzip",
    );
  }
}

/** A scrape's failure. */
export const failed = (says: string): CodedError => new CodedError("ScrapeFailed", says);
