/** Lines of a stream of bytes, each bounded: a line that has no end is told as soon as it is too long. */

/** Yields each line without its end; undefined, once and last, for one of more than `bytesMax` bytes. */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<Buffer | undefined> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      if (size + end - start > bytesMax) return yield undefined;
      yield Buffer.concat([...pending, chunk.subarray(start, end)]);
      pending = [];
      size = 0;
      start = end + 1;
    }
    size += chunk.length - start;
    if (size > bytesMax) return yield undefined;
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  if (size > 0) yield Buffer.concat(pending);
}
