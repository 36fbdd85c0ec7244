/** Tar archives as streams, the same bytes for the same entries: ustar, owner 0, times 0, in the order given. */
import { createReadStream } from "node:fs";

export interface TarEntry {
  /** Relative, without a slash in front; a folder has none behind. */
  readonly path: string;
  readonly mode: number;
  readonly content:
    | { readonly kind: "folder" }
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "file"; readonly from: string; readonly size: number };
  /** The numbers of user and group; root where absent. */
  readonly owner?: number;
}

const BLOCK = 512;
const NAME_MAX = 100;
const PREFIX_MAX = 155;

/**
 * The archive's bytes, in chunks.
 *
 * @throws Error for a path that ustar cannot hold, or a file whose size changes meanwhile.
 * @see POSIX.1-2017, pax, ustar interchange format
 */
export async function* tarOf(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    const { content } = entry;
    if (content.kind === "folder") {
      yield headerOf(entry, 0);
      continue;
    }
    const size = content.kind === "text" ? Buffer.byteLength(content.text) : content.size;
    yield headerOf(entry, size);
    let written = 0;
    const chunks =
      content.kind === "text" ? [Buffer.from(content.text)] : createReadStream(content.from);
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== size) throw new Error(`${entry.path} has ${written} bytes, not ${size}.`);
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function headerOf({ path, mode, content, owner = 0 }: TarEntry, size: number): Buffer {
  const folder = content.kind === "folder";
  const { name, prefix } = splitPath(folder ? `${path}/` : path);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, "utf8");
  header.write(octal(mode, 8), 100);
  header.write(octal(owner, 8), 108);
  header.write(octal(owner, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(" ".repeat(8), 148);
  header.write(folder ? "5" : "0", 156);
  header.write("ustar\u000000", 257);
  header.write(prefix, 345, "utf8");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

const octal = (value: number, width: number): string =>
  `${value.toString(8).padStart(width - 1, "0")}\0`;

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= NAME_MAX) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const name = path.slice(at + 1);
    const fits = at <= PREFIX_MAX && name !== "" && Buffer.byteLength(name) <= NAME_MAX;
    if (fits) return { name, prefix: path.slice(0, at) };
  }
  throw new Error(`The path ${path} is too long for a tar archive.`);
}
