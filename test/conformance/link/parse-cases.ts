/** Reads the case language that README.md specifies. What it does not know is an error with file and line. */
import { readdirSync, readFileSync } from "node:fs";
import { addNetwork, addResource, reader, wordsOf } from "./add-given.ts";
import type { Fail } from "./add-given.ts";
import { nothingGiven } from "./given.ts";
import type { Ask, Given, LinkCase, Where } from "./given.ts";

export interface Draft {
  name: string;
  file: string;
  given: { -readonly [Key in keyof Required<Given>]: Required<Given>[Key][number][] };
  asks: {
    line: number;
    ask: Ask;
    outcome?: string;
    detail?: string | undefined;
    rules: string[];
  }[];
}

/** Reads every `.case` file of this folder, in the order of their names. @throws Error with file and line. */
export function loadCases(folder: URL = new URL(".", import.meta.url)): readonly LinkCase[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".case"));
  const cases = files
    .sort()
    .flatMap((file) => parseCases(file, readFileSync(new URL(file, folder), "utf8")));
  const names = new Set<string>();
  for (const { name, file } of cases) {
    if (names.has(name)) throw new Error(`${file}: there are two cases named '${name}'`);
    names.add(name);
  }
  return cases;
}

/** Reads the cases of one file's text. @throws Error with file and line. */
export function parseCases(file: string, text: string): readonly LinkCase[] {
  const drafts: Draft[] = [];
  let block: "none" | "given" | "expect" = "none";
  for (const [index, line] of text.split("\n").entries()) {
    const fail = (says: string): never => {
      throw new Error(`${file}:${index + 1}: ${says}`);
    };
    if (line.trim() === "" || line.startsWith("//")) continue;
    if (line.startsWith("# ")) {
      drafts.push(newDraft(file, line.slice(2).trim()));
      block = "none";
      continue;
    }
    const draft = drafts.at(-1) ?? fail("a case begins with '# '");
    if (line === "given") block = "given";
    else if (line.startsWith("ask ")) {
      draft.asks.push({ line: index + 1, ask: parseAsk(line.slice(4), fail), rules: [] });
      block = "none";
    } else if (line.startsWith("expect ")) {
      const last = draft.asks.at(-1) ?? fail("'expect' without 'ask'");
      const [, outcome = "", detail] = line.split(/ +/);
      Object.assign(last, { outcome, detail });
      block = "expect";
    } else if (!line.startsWith("  ")) fail(`'${line}' is neither given, ask nor expect`);
    else if (block === "given") addGiven(draft, line.trim(), fail);
    else if (block === "expect") draft.asks.at(-1)?.rules.push(line.trim());
    else fail("an indented line outside given and expect");
  }
  return drafts.map(finish);
}

const newDraft = (file: string, name: string): Draft => ({
  name,
  file,
  given: {
    vnets: [],
    dces: [],
    workspaces: [],
    laws: [],
    scopes: [],
    clusters: [],
    endpoints: [],
    zones: [],
    records: [],
    peerings: [],
    firewalls: [],
    routes: [],
    resolvers: [],
    forwards: [],
  },
  asks: [],
});

function finish({ name, file, given, asks }: Draft): LinkCase {
  if (asks.length === 0) throw new Error(`${file}: the case '${name}' asks nothing`);
  return {
    name,
    file,
    given: { ...nothingGiven, ...given },
    asks: asks.map(({ line, ask, outcome, detail, rules }) => {
      if (outcome === undefined) throw new Error(`${file}:${line}: 'ask' without 'expect'`);
      return { line, ask, expect: { outcome, detail, rules } };
    }),
  };
}

function addGiven({ given }: Draft, line: string, fail: Fail): void {
  const [kind = "", name = "", ...rest] = line.split(/ +/);
  const value = reader(kind === "record" ? [] : rest, fail);
  if (kind === "record") {
    given.records.push({ name, address: rest[0] ?? fail("a record needs an address") });
  } else {
    const words = wordsOf(value, fail);
    const known =
      addResource({ given, kind, name, words }) || addNetwork({ given, kind, name, words });
    if (!known) fail(`'${kind}' is nothing that can be given`);
  }
  value.close();
}
function parseAsk(text: string, fail: Fail): Ask {
  const words = text.split(/ +/);
  switch (words[0]) {
    case "ingest":
    case "query":
    case "send":
    case "logs":
    case "arm-logs":
    case "write-logs":
      return parseWrite(words[0], words, fail);
    case "configuration":
      return parseConfiguration(words, fail);
    case "resolve":
      return parseResolve(words, fail);
    default:
      return fail(`'${words[0]}' is nothing to ask`);
  }
}

function parseWrite(
  ask: Exclude<Ask["ask"], "configuration" | "resolve">,
  words: readonly string[],
  fail: Fail,
): Ask {
  const at = words.lastIndexOf("to");
  const to = words[at + 1];
  if (words[1] !== "from" || at < 0 || to === undefined) {
    return fail(`'ask ${ask} from WHERE to NAME' is meant`);
  }
  return { ask, from: parseWhere(words.slice(2, at), fail), to };
}

function parseConfiguration(words: readonly string[], fail: Fail): Ask {
  const place = words.lastIndexOf("at");
  const [, of, cluster, from] = words;
  const at = words[place + 1];
  if (of !== "of" || from !== "from" || place < 0 || cluster === undefined || at === undefined) {
    return fail("'ask configuration of CLUSTER from WHERE at HOST' is meant");
  }
  return { ask: "configuration", cluster, from: parseWhere(words.slice(4, place), fail), at };
}

function parseResolve(words: readonly string[], fail: Fail): Ask {
  const place = words.lastIndexOf("in");
  const name = words[1];
  if (place < 2 || name === undefined) return fail("'ask resolve NAME [TYPE] in WHERE' is meant");
  const recordType = place > 2 ? (words[2] ?? "A") : "A";
  return { ask: "resolve", name, recordType, from: parseWhere(words.slice(place + 1), fail) };
}

function parseWhere(words: readonly string[], fail: Fail): Where {
  const [first, second] = words;
  if (first === "through" && second !== undefined) return { kind: "through", endpoint: second };
  if (first === undefined || second !== undefined)
    return fail("WHERE is a network, 'public', or 'through ENDPOINT'");
  return first === "public" ? { kind: "public" } : { kind: "vnet", vnet: first };
}
