/** For tests of this folder: a signing key in a folder of its own, and tokens made by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodedError, fakeClock, seededRandom } from "../../core/index.ts";
import type { FakeClock } from "../../core/index.ts";
import type { HttpRequest } from "../../http/index.ts";
import { openSigningKey } from "../signing-key.ts";
import type { SigningKeys } from "../signing-key.ts";

export interface TestKey {
  readonly key: SigningKeys;
  readonly clock: FakeClock;
  readonly path: string;
}

/** Opens a new key; the folder goes when the process ends. */
export async function testKey(seed = 1): Promise<TestKey> {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-tokens-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "keys", "signing.json");
  const clock = fakeClock();
  return { key: await openSigningKey({ path, clock, random: seededRandom(seed) }), clock, path };
}

/** A part of a token. */
export const part = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

/** A request as a listener would give it. */
export function testRequest(request: {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly origin?: string;
}): HttpRequest {
  const origin = request.origin ?? "https://login.microsoftonline.com";
  return {
    method: request.method ?? "GET",
    host: new URL(origin).hostname,
    path: request.path,
    query: new URLSearchParams(),
    headers: request.headers ?? {},
    body: (bytesMax) => readWithin(Buffer.from(request.body ?? ""), bytesMax),
    origin,
  };
}

/** As the listener does it: the whole body, or a refusal of its size. */
const readWithin = (body: Buffer, bytesMax: number): Promise<Buffer> =>
  body.length <= bytesMax
    ? Promise.resolve(body)
    : Promise.reject(new CodedError("BodyTooLarge", "It is too large.", { status: 413 }));
