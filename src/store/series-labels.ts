/** A series' labels, from raw bytes to canonical ones: the path of a series that was not seen before. */
import { isUtf8 } from "node:buffer";
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
