/** A position in a protobuf message: fields read one after another, within bounds. */

/** A mistake, at a byte of the whole. */
export class MessageError extends Error {
  readonly at: number;

  constructor(at: number, says: string) {
    super(says);
    this.at = at;
  }
}

/** Each method moves past what it read, or throws a MessageError. */
export interface MessageReader {
  readonly at: number;
  atEnd(): boolean;
  /** The next field's number; undefined at the end. Its value must be read or skipped before the next. */
  field(): number | undefined;
  varint(): number;
  signedVarint(): number;
  double(): number;
  string(): string;
  /** A message within this one, or in a stream of delimited messages the next. */
  message(): MessageReader;
  skip(): void;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

export const messageReader = (bytes: Uint8Array): MessageReader =>
  new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);

class Reader implements MessageReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;
  /** The wire type of the field at hand; none in a stream of delimited messages. */
  #wireType = LENGTH_DELIMITED;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  atEnd(): boolean {
    return this.at >= this.#end;
  }

  field(): number | undefined {
    if (this.atEnd()) return undefined;
    const tag = this.#varint();
    this.#wireType = tag & 7;
    const field = Math.floor(tag / 8);
    if (field < 1 || field > 0x1fff_ffff) throw new MessageError(this.at, "A field has no number.");
    return field;
  }

  varint(): number {
    this.#expect(VARINT, "a number");
    return this.#varint();
  }

  signedVarint(): number {
    this.#expect(VARINT, "a number");
    const start = this.at;
    let value = 0n;
    for (let index = 0n; index < 10n; index++) {
      const byte = this.#byte(start);
      value |= BigInt(byte & 0x7f) << (7n * index);
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new MessageError(start, "A number has more than ten bytes.");
  }

  double(): number {
    this.#expect(FIXED64, "a double");
    if (this.#end - this.at < 8) throw new MessageError(this.at, "A double passes its end.");
    const value = this.#bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  string(): string {
    const { start, end } = this.#range("a string");
    return this.#bytes.toString("utf8", start, end);
  }

  message(): MessageReader {
    const { start, end } = this.#range("a message");
    return new Reader(this.#bytes, start, end);
  }

  skip(): void {
    const start = this.at;
    if (this.#wireType === VARINT) this.#varint();
    else if (this.#wireType === FIXED64) this.at += 8;
    else if (this.#wireType === FIXED32) this.at += 4;
    else if (this.#wireType === LENGTH_DELIMITED) this.#range("bytes");
    else throw new MessageError(start, `Wire type ${this.#wireType} is none of this format.`);
    if (this.at > this.#end) throw new MessageError(start, "A field passes its message's end.");
  }

  #range(says: string): { readonly start: number; readonly end: number } {
    this.#expect(LENGTH_DELIMITED, says);
    const length = this.#varint();
    const start = this.at;
    if (length > this.#end - start) throw new MessageError(start, `Here ${says} passes its end.`);
    this.at = start + length;
    return { start, end: this.at };
  }

  #expect(wireType: number, says: string): void {
    if (this.#wireType !== wireType) {
      throw new MessageError(this.at, `Expected ${says}, found wire type ${this.#wireType}.`);
    }
  }

  /** Counts above 2^53 lose their last digits, as any double does. */
  #varint(): number {
    const start = this.at;
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte(start);
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new MessageError(start, "A number has more than ten bytes.");
  }

  #byte(start: number): number {
    if (this.at >= this.#end) throw new MessageError(start, "A number passes its end.");
    return this.#bytes[this.at++] ?? 0;
  }
}
