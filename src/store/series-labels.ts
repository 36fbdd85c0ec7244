/** A series' labels, from raw bytes to canonical ones: the path of a series that was not seen before. */
import { isAscii, isUtf8 } from "node:buffer";
import { compareStrings, limits } from "../core/index.ts";
import type { Label, Labels } from "../core/index.ts";
import { decodeRawLabels, encodeLabels } from "../wire/index.ts";
import type { RawLabel } from "../wire/index.ts";
import type { RejectCode } from "./seams.ts";

export type CanonicalLabels =
  | { readonly kind: "labels"; readonly labels: Labels; readonly bytes: Uint8Array }
  | { readonly kind: "refused"; readonly code: RejectCode; readonly says: string };

/** More labels than this are not even decoded; those with an empty value are among them. */
const RAW_LABELS_MAX = 4 * limits.labelsPerSeriesMax;

/**
 * Decodes and checks labels, sorts them by name and drops those with an empty value.
 *
 * @throws CodedError InvalidProtobuf (400) where they cannot be read.
 * @see prometheus/model/labels; the limits are those of Azure Monitor workspaces
 */
export function canonicalLabels(raw: Uint8Array): CanonicalLabels {
  const labels = labelsIfCanonical(Buffer.from(raw.buffer, raw.byteOffset, raw.length));
  return labels === undefined ? canonicalize(raw) : { kind: "labels", labels, bytes: raw };
}

/**
 * The labels, when their bytes are canonical already and hold nothing but ASCII, as senders' almost always are.
 * Answers undefined for all else, good or bad: `canonicalize` is the one that decides.
 */
function labelsIfCanonical(raw: Buffer): Labels | undefined {
  const labels: Label[] = [];
  let hasName = false;
  let previous = "";
  for (let at = 0; at < raw.length;) {
    const label = labelIfCanonical(raw, at);
    if (label === undefined || label.name <= previous) return undefined;
    hasName ||= label.name === "__name__";
    labels.push({ name: label.name, value: label.value });
    previous = label.name;
    at = label.end;
  }
  return hasName && labels.length <= limits.labelsPerSeriesMax ? labels : undefined;
}

function labelIfCanonical(raw: Buffer, at: number): (Label & { readonly end: number }) | undefined {
  const labelLength = shortLength(raw, at + 1);
  const nameAt = at + 1 + lengthBytes(labelLength);
  const nameLength = shortLength(raw, nameAt + 1);
  const nameStart = nameAt + 1 + lengthBytes(nameLength);
  const valueAt = nameStart + nameLength;
  const valueLength = shortLength(raw, valueAt + 1);
  const valueStart = valueAt + 1 + lengthBytes(valueLength);
  const end = valueStart + valueLength;
  const framed = raw[at] === 0x0a && raw[nameAt] === 0x0a && raw[valueAt] === 0x12;
  if (!framed || end !== nameAt + labelLength || end > raw.length) return undefined;
  if (nameLength > limits.labelNameBytesMax || valueLength === 0) return undefined;
  if (!isName(raw.subarray(nameStart, valueAt), false)) return undefined;
  const name = raw.toString("latin1", nameStart, valueAt);
  const value = raw.subarray(valueStart, end);
  const isMetricName = name === "__name__";
  const valueMax = isMetricName ? limits.labelNameBytesMax : limits.labelValueBytesMax;
  if (valueLength > valueMax || !(isMetricName ? isName(value, true) : isAscii(value))) {
    return undefined;
  }
  return { name, value: value.toString("latin1"), end };
}

/** A varint of one or two bytes in its shortest form; else a number that fits nowhere. */
function shortLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0x80;
  if (first < 0x80) return first;
  const second = bytes[at + 1] ?? 0x80;
  return second > 0 && second < 0x80 ? (first & 0x7f) | (second << 7) : Number.MAX_SAFE_INTEGER;
}

const lengthBytes = (length: number): number => (length < 0x80 ? 1 : 2);

/** The general way of `canonicalLabels`: decides on all labels, good or bad. */
export function canonicalize(raw: Uint8Array): CanonicalLabels {
  const decoded = decodeRawLabels(raw, RAW_LABELS_MAX);
  if (decoded === undefined) {
    return refuse(
      "TooManyLabels",
      `A series has more than ${RAW_LABELS_MAX} labels, empty ones among them; the limit is ${limits.labelsPerSeriesMax}.`,
    );
  }
  const labels: Label[] = [];
  for (const label of decoded) {
    if (label.value.length === 0 && label.name.length > 0) continue;
    const refusal = refuseLabel(label);
    if (refusal !== undefined) return refusal;
    labels.push({ name: ascii(label.name), value: Buffer.from(label.value).toString("utf8") });
  }
  labels.sort((a, b) => compareStrings(a.name, b.name));
  return refuseSet(labels) ?? { kind: "labels", labels, bytes: encodeLabels(labels) };
}

/** Decodes labels that `canonicalLabels` made. */
export function labelsOfBytes(canonical: Uint8Array): Labels {
  return (decodeRawLabels(canonical, RAW_LABELS_MAX) ?? []).map(({ name, value }) => ({
    name: ascii(name),
    value: Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8"),
  }));
}

function refuseLabel({ name, value }: RawLabel): CanonicalLabels | undefined {
  if (name.length > limits.labelNameBytesMax) {
    return refuse(
      "LabelTooLong",
      `A label's name has ${name.length} bytes; the limit is ${limits.labelNameBytesMax}.`,
    );
  }
  if (!isName(name, false)) {
    return refuse("InvalidLabels", `The label name ${quoted(name)} is not [a-zA-Z_][a-zA-Z0-9_]*.`);
  }
  if (value.length > valueBytesMax(name)) {
    return refuse(
      "LabelTooLong",
      `The value of label ${quoted(name)} has ${value.length} bytes; the limit is ${valueBytesMax(name)}.`,
    );
  }
  if (!isUtf8(value)) {
    return refuse("InvalidLabels", `The value of label ${quoted(name)} is not UTF-8.`);
  }
  return undefined;
}

function refuseSet(labels: readonly Label[]): CanonicalLabels | undefined {
  const metric = labels.find((label) => label.name === "__name__");
  if (metric === undefined || !isName(Buffer.from(metric.value), true)) {
    return refuse(
      "InvalidLabels",
      metric === undefined
        ? "A series has no metric name; send it as the label __name__."
        : `The metric name ${JSON.stringify(metric.value.slice(0, 64))} is not [a-zA-Z_:][a-zA-Z0-9_:]*.`,
    );
  }
  if (labels.length > limits.labelsPerSeriesMax) {
    return refuse(
      "TooManyLabels",
      `A series of ${metric.value} has ${labels.length} labels; the limit is ${limits.labelsPerSeriesMax}.`,
    );
  }
  const twice = labels.find((label, index) => labels[index + 1]?.name === label.name);
  return twice === undefined
    ? undefined
    : refuse("DuplicateLabel", `A series of ${metric.value} has the label ${twice.name} twice.`);
}

/** A metric's name is bounded as label names are. */
const valueBytesMax = (name: Uint8Array): number =>
  ascii(name) === "__name__" ? limits.labelNameBytesMax : limits.labelValueBytesMax;

function isName(bytes: Uint8Array, colons: boolean): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    const digit = byte >= 0x30 && byte <= 0x39;
    if (!letter && byte !== 0x5f && !(digit && at > 0) && !(colons && byte === 0x3a)) return false;
  }
  return bytes.length > 0;
}

const ascii = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
const quoted = (bytes: Uint8Array): string =>
  JSON.stringify(Buffer.from(bytes.subarray(0, 64)).toString("utf8"));
const refuse = (code: RejectCode, says: string): CanonicalLabels => ({
  kind: "refused",
  code,
  says,
});
