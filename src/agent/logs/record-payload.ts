/** Payloads of the queue of records: a head that says what the records are, then a JSON array of them. Layout: docs/formats/agent-queue.md. */
import { CodedError } from "../../core/index.ts";
import type { TailPosition } from "./tail-position.ts";

/** Positions by the tail's key; null for a tail that is gone. */
export type TailPositions = Readonly<Record<string, TailPosition | null>>;

export interface PayloadHead {
  /** The data type, or the stream for a data collection endpoint. */
  readonly type: string;
  readonly requestId: string;
  /** Whose positions they are: the node's name; empty where there are none. */
  readonly source: string;
  /** Counts the batches of a positions file; 0 where none belongs to it. */
  readonly batch: number;
  /** Where the files stand after these records. */
  readonly positions: TailPositions;
}

const HEAD_LENGTH_BYTES = 4;

export function encodePayload(head: PayloadHead, items: readonly string[]): Buffer {
  const headText = Buffer.from(JSON.stringify(head));
  const body = Buffer.from(`[${items.join(",")}]`);
  const payload = Buffer.allocUnsafe(HEAD_LENGTH_BYTES + headText.length + body.length);
  payload.writeUInt32LE(headText.length, 0);
  headText.copy(payload, HEAD_LENGTH_BYTES);
  body.copy(payload, HEAD_LENGTH_BYTES + headText.length);
  return payload;
}

/** @throws CodedError PayloadUnreadable when the bytes are not what `encodePayload` makes. */
export function decodePayload(payload: Uint8Array): {
  readonly head: PayloadHead;
  readonly items: Uint8Array;
} {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const end =
    bytes.length < HEAD_LENGTH_BYTES ? Infinity : HEAD_LENGTH_BYTES + bytes.readUInt32LE(0);
  if (end > bytes.length) throw unreadable();
  try {
    const head: unknown = JSON.parse(bytes.toString("utf8", HEAD_LENGTH_BYTES, end));
    if (isHead(head)) return { head, items: bytes.subarray(end) };
  } catch {
    // Falls through: a head that is no JSON and one that is something else are refused alike.
  }
  throw unreadable();
}

const isHead = (value: unknown): value is PayloadHead => {
  const { type, requestId, batch, positions } = (value ?? {}) as Partial<PayloadHead>;
  return (
    typeof type === "string" &&
    typeof requestId === "string" &&
    Number.isSafeInteger(batch) &&
    typeof positions === "object" &&
    positions !== null
  );
};

const unreadable = (): CodedError =>
  new CodedError(
    "PayloadUnreadable",
    "A record of the queue has no head that can be read: an older or newer agent wrote it. It is passed over.",
  );
