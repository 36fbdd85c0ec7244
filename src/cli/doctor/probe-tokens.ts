/** The tokens of a probe: this place's identity, this machine's credential, and those that were got inside and brought here. */
import { readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { isObject, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject } from "../../arm/index.ts";
import { managedIdentityClient } from "../../client/index.ts";
import type { TokenSource, Transport } from "../../client/index.ts";
import { CodedError, limits } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";
import type { PlannedRequest } from "../../doctor/index.ts";
import type { CliContext } from "../command.ts";

/** Tokens by what they are for: an audience, or the URL that issues those of a channel. */
export type BroughtTokens = ReadonlyMap<string, string>;

export interface ProbeTokens {
  /** The token that a request is to carry; undefined where there is none. */
  readonly for: (request: PlannedRequest["request"]) => Promise<string | undefined>;
  /** For what people ask. */
  readonly other: (audience: string) => Promise<string | undefined>;
  /** What of it the cluster's agents use, to be brought elsewhere. */
  readonly own: () => BroughtTokens;
}

export interface TokenSources {
  readonly clientIds: readonly string[];
  readonly transport: Transport;
  readonly clock: Clock;
  /** Names as the cloud spells them. */
  readonly spell: (text: string) => string;
  /** Tokens of this machine's own credential, where it is to sign in. */
  readonly signIn?: TokenSource;
  /** Tokens of the cluster's identity, where they were brought here. */
  readonly brought?: BroughtTokens;
}

/** Opens the tokens. None is asked for before it is needed, and none twice. */
export function probeTokens(sources: TokenSources): ProbeTokens {
  const { clientIds, transport, clock, spell, signIn, brought = new Map() } = sources;
  const identities = [...clientIds, undefined].map((clientId) =>
    managedIdentityClient({ transport, clock, ...(clientId === undefined ? {} : { clientId }) }),
  );
  const kept = new Map<string, string>(brought);
  const identity = firstOf(identities);
  const own = async (audience: string): Promise<string | undefined> =>
    keep(kept, audience, () => identity(audience));
  // Who asks to sign in, and cannot, is told so: another identity's refusals would tell something else.
  const other = signIn ?? identity;
  return {
    other,
    own: () => kept,
    for: async ({ asCluster, audience, ingestionToken: channel }) => {
      if (channel !== undefined) {
        const url = spell(`https://${channel.host}${channel.path}`);
        const issued = () => channelToken(transport, url, () => own(spell(audience)));
        return keep(kept, url, issued);
      }
      return (asCluster === undefined ? other : own)(spell(audience));
    },
  };
}

async function keep(
  kept: Map<string, string>,
  key: string,
  get: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const token = kept.get(key) ?? (await get());
  if (token !== undefined) kept.set(key, token);
  return token;
}

/** The first source's token that there is, kept. */
function firstOf(
  sources: readonly TokenSource[],
): (audience: string) => Promise<string | undefined> {
  const kept = new Map<string, Promise<string | undefined>>();
  const first = async (audience: string): Promise<string | undefined> => {
    for (const source of sources) {
      try {
        return await source(audience);
      } catch {
        // The next identity may be the one; that none is there is an answer as well.
      }
    }
    return undefined;
  };
  return (audience) => {
    const known = kept.get(audience) ?? first(audience);
    kept.set(audience, known);
    return known;
  };
}

async function channelToken(
  transport: Transport,
  url: string,
  own: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const token = await own();
  if (token === undefined) return undefined;
  try {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await transport.send({ method: "GET", url, headers });
    return stringAt(JSON.parse(answer.body.toString("utf8")) as Json, "ingestionAuthToken");
  } catch {
    return undefined;
  }
}

const fileOf = (path: string, { workingFolder }: CliContext): string =>
  isAbsolute(path) ? path : resolve(workingFolder, path);

/** Writes tokens into a file that its owner alone can read. */
export function saveTokens(path: string, tokens: BroughtTokens, context: CliContext): void {
  const body = `${JSON.stringify({ tokens: Object.fromEntries(tokens) })}\n`;
  writeFileSync(fileOf(path, context), body, { mode: 0o600 });
}

/**
 * Reads the tokens of a file.
 *
 * @throws CodedError WrongUse where it holds none.
 */
export function readTokens(path: string, context: CliContext): BroughtTokens {
  const text = readFileSync(fileOf(path, context), "utf8").slice(0, limits.suppressionsBytesMax);
  const tokens = tokensIn(text);
  if (tokens !== undefined) return tokens;
  const says = `--tokens: ${path} holds no tokens; \`probe --save-tokens\` writes such a file.`;
  throw new CodedError("WrongUse", says);
}

function tokensIn(text: string): BroughtTokens | undefined {
  let body: JsonObject;
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || !isObject(value["tokens"])) return undefined;
    body = value["tokens"];
  } catch {
    return undefined;
  }
  const tokens = new Map<string, string>();
  for (const [key, token] of Object.entries(body)) {
    const fits = typeof token === "string" && token.length <= limits.tokenCharsMax;
    if (!fits || !/^[A-Za-z0-9._~+/=-]+$/.test(token)) return undefined;
    tokens.set(key, token);
  }
  return tokens;
}
