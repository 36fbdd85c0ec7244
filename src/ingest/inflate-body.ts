/** Compressed bodies, inflated off the main thread and never past a limit. */
import { gunzip, inflate, inflateRaw } from "node:zlib";

export type Inflated =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** More bytes than `bytesMax`. */
  | { readonly kind: "too-large" }
  | { readonly kind: "unreadable"; readonly says: string };

type Decoder = typeof gunzip;

/**
 * The body's bytes as its Content-Encoding says they are packed.
 *
 * @param accepted - the encodings that the service takes besides `identity`.
 */
export async function inflateBody(
  body: Uint8Array,
  encoding: string | undefined,
  options: { readonly accepted: readonly ("gzip" | "deflate")[]; readonly bytesMax: number },
): Promise<Inflated> {
  const name = (encoding ?? "").trim().toLowerCase();
  if (name === "" || name === "identity") {
    return body.length > options.bytesMax ? { kind: "too-large" } : { kind: "bytes", bytes: body };
  }
  if (!options.accepted.some((one) => one === name)) {
    const taken = [...options.accepted, "identity"].join(" and ");
    const says = `The Content-Encoding '${name.slice(0, 40)}' is not taken here; ${taken} are.`;
    return { kind: "unreadable", says };
  }
  return decode(name === "gzip" ? gunzip : deflateOf(body), body, options.bytesMax);
}

/** Some senders of `deflate` leave its zlib header away. @see RFC 9110 section 8.4.1.2 */
const deflateOf = (body: Uint8Array): Decoder =>
  ((body[0] ?? 0) & 0x0f) === 8 && (((body[0] ?? 0) << 8) | (body[1] ?? 0)) % 31 === 0
    ? inflate
    : inflateRaw;

const decode = (decoder: Decoder, body: Uint8Array, bytesMax: number): Promise<Inflated> =>
  new Promise((resolve) => {
    decoder(body, { maxOutputLength: bytesMax }, (error, bytes) => {
      if (error === null) return resolve({ kind: "bytes", bytes });
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ERR_BUFFER_TOO_LARGE") return resolve({ kind: "too-large" });
      const says = `The body is not what its Content-Encoding says: ${error.message}.`;
      resolve({ kind: "unreadable", says });
    });
  });
