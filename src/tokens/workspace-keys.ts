/** The shared keys of Log Analytics workspaces: derived from one secret at rest, so that no key is kept anywhere. */
import { createHmac } from "node:crypto";
import { isObject } from "../arm/index.ts";
import type { SharedKeys, SharedKeySource } from "../arm/index.ts";
import { CodedError } from "../core/index.ts";
import type { Random } from "../core/index.ts";
import { openPrivateFile, replacePrivateFile } from "../tls/index.ts";

export interface WorkspaceKeyOptions {
  /** A file of mode 0600 in a 0700 folder, made when missing. Several processes may open it at once; one renews. */
  readonly path: string;
  readonly random: Random;
}

interface Kept {
  /** Base64 of 32 bytes. */
  readonly secret: string;
  /** How often the keys of a workspace were renewed, by `customerId`. */
  readonly generations: ReadonlyMap<string, number>;
}

/**
 * Opens the keys of all workspaces. Each question reads the file, so that every process sees a renewal at once.
 *
 * @throws CodedError KeyFileExposed, KeyFileUnreadable, at the first use as well.
 */
export async function openWorkspaceKeys(options: WorkspaceKeyOptions): Promise<SharedKeySource> {
  const { path, random } = options;
  const read = async (): Promise<Kept> =>
    keptIn(
      path,
      await openPrivateFile(path, random, () =>
        JSON.stringify({ secret: random.bytes(32).toString("base64"), generations: {} }),
      ),
    );
  await read();
  let writing: Promise<unknown> = Promise.resolve();
  return {
    of: async (customerId) => keysOf(await read(), customerId),
    renew: (customerId) => {
      // One renewal at a time: two at once would both count from the same generation.
      const renewed = writing.then(async () => {
        const { secret, generations } = await read();
        const next = new Map(generations);
        next.set(customerId.toLowerCase(), generationOf(generations, customerId) + 1);
        const text = JSON.stringify({ secret, generations: Object.fromEntries(next) });
        await replacePrivateFile({ path, text, random });
        return keysOf({ secret, generations: next }, customerId);
      });
      writing = renewed.catch(() => undefined);
      return renewed;
    },
  };
}

const generationOf = (generations: Kept["generations"], customerId: string): number =>
  generations.get(customerId.toLowerCase()) ?? 0;

function keysOf({ secret, generations }: Kept, customerId: string): SharedKeys {
  const generation = generationOf(generations, customerId);
  const key = (which: string): string =>
    createHmac("sha512", Buffer.from(secret, "base64"))
      .update(`${customerId.toLowerCase()}\n${generation}\n${which}`)
      .digest("base64");
  return { primarySharedKey: key("primary"), secondarySharedKey: key("secondary") };
}

function keptIn(path: string, text: string): Kept {
  try {
    const file: unknown = JSON.parse(text);
    const secret = isObject(file) ? file["secret"] : undefined;
    const generations = isObject(file) ? file["generations"] : undefined;
    if (typeof secret !== "string" || Buffer.from(secret, "base64").length !== 32) {
      throw new Error("it has no secret of 32 bytes");
    }
    if (!isObject(generations)) throw new Error("it has no generations");
    const counts = Object.entries(generations).map(([id, count]): [string, number] => [
      id,
      Number(count),
    ]);
    return { secret, generations: new Map(counts) };
  } catch (error) {
    throw new CodedError(
      "KeyFileUnreadable",
      `${path} holds no keys of workspaces. Restore it, or delete it so that all workspaces get new keys.`,
      { cause: error },
    );
  }
}
