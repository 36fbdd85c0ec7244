/** Gathered writes that go on where the system took less than it was given, as on a disk that becomes full. */
/** As much of a file's handle as is used here. */
export interface PartsFile {
  writev(
    parts: readonly Uint8Array[],
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  write(
    bytes: Uint8Array,
    at: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
}

/** Vectors of one write: what systems take at least. */
const PARTS_MAX = 1_000;

/**
 * Writes the parts one after another from `position` on, all of them.
 *
 * @throws Error of the system, or where it takes no byte of what is left.
 */
export async function writeParts(
  file: PartsFile,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  for (let from = 0; from < parts.length; from += PARTS_MAX) {
    const group = parts.slice(from, from + PARTS_MAX);
    const bytes = group.reduce((sum, part) => sum + part.length, 0);
    const { bytesWritten } = await file.writev(group, position);
    if (bytesWritten < bytes) {
      // A short write is rare: what is left goes out in one piece.
      const rest = Buffer.concat(group).subarray(bytesWritten);
      await writeAll(file, rest, position + bytesWritten);
    }
    position += bytes;
  }
}

async function writeAll(file: PartsFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    if (bytesWritten === 0) throw new Error("The disk took no bytes.");
    at += bytesWritten;
  }
}
