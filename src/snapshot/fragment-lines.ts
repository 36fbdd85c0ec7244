/** The text of a probe's fragment: lines of fields with tabs between. docs/formats/probe-fragment.md has them all. */
import { parseId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { snapshotError } from "./errors.ts";
import { connectionOutcomes, nameOutcomes } from "./fragment.ts";
import type {
  ConnectionSeen,
  FileSeen,
  NameSeen,
  ProbeFragment,
  RequestSeen,
  SampleSeen,
} from "./fragment.ts";

export const fragmentHead = "linkscope-probe";
export const fragmentVersion = "1";

/** Whether a text is meant to be a fragment: it begins as one. */
export const looksLikeFragment = (text: string): boolean => text.startsWith(`${fragmentHead}\t`);

/** Writes a fragment. Tabs and line ends within a field become blanks; fields are cut to their limit. */
export function fragmentText(fragment: ProbeFragment): string {
  const { place, clusterId, vnetId, takenAtMs, proxy } = fragment;
  const rows: (readonly string[])[] = [
    ["time", String(Math.floor(takenAtMs / 1000))],
    ["place", place],
    ...(clusterId === undefined ? [] : [["cluster", clusterId]]),
    ...(vnetId === undefined ? [] : [["vnet", vnetId]]),
    ["proxy", proxy.used ? "1" : "0"],
    ...proxy.exempt.map((name) => ["exempt", name]),
    ...fragment.names.map((one) => [
      "name",
      one.name,
      one.resolver,
      one.outcome,
      one.addresses.join(","),
      one.aliases.join(","),
      one.says,
    ]),
    ...fragment.connections.map((one) => [
      "connection",
      one.host,
      one.address,
      one.outcome,
      one.issuer,
      one.subjectAltName,
      one.validTo,
      one.says,
    ]),
    ...fragment.requests.map((one) => [
      "request",
      one.host,
      one.method,
      one.purpose,
      one.authenticated ? "1" : "0",
      one.address,
      String(one.status),
      one.code,
      one.redirect,
      one.says,
    ]),
    ...fragment.files.map(({ path, present }) => ["file", path, present ? "present" : "absent"]),
    ...fragment.samples.map(({ clusterId: of, path, newestMs }) => [
      "sample",
      of,
      path,
      newestMs === null ? "none" : String(newestMs),
    ]),
  ];
  const lines = rows.map((row) => row.map(field).join("\t"));
  return [`${fragmentHead}\t${fragmentVersion}`, ...lines, `end\t${lines.length}`, ""].join("\n");
}

const field = (text: string): string =>
  text
    .slice(0, limits.fragmentFieldCharsMax)
    // A proxy, a resolver or a body may have put anything into it.
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");

interface Reading {
  readonly names: NameSeen[];
  readonly connections: ConnectionSeen[];
  readonly requests: RequestSeen[];
  readonly files: FileSeen[];
  readonly samples: SampleSeen[];
  readonly exempt: string[];
  readonly once: Map<string, string>;
}

/**
 * Reads a fragment, which anybody may have written.
 *
 * @throws CodedError FragmentInvalid with the line and what is wrong; FileTooLarge.
 */
export function readFragment(text: string, file: string): ProbeFragment {
  if (text.length > limits.fragmentBytesMax) {
    const says = `${file} has ${text.length} bytes; the limit is ${limits.fragmentBytesMax}.`;
    throw snapshotError("FileTooLarge", says);
  }
  // A terminal (`kubectl exec -t`) ends lines with a carriage return.
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  while (lines.at(-1) === "") lines.pop();
  const refuse = (line: number, says: string) =>
    snapshotError("FragmentInvalid", `${file}, line ${line}: ${says}`);
  if (lines[0] !== `${fragmentHead}\t${fragmentVersion}`) {
    throw refuse(1, `a fragment begins with the line "${fragmentHead}<tab>${fragmentVersion}".`);
  }
  const end = lines.at(-1)?.split("\t");
  if (end?.[0] !== "end" || end[1] !== String(lines.length - 2)) {
    throw refuse(
      lines.length,
      'it is cut off: the last line must be "end" and the count of lines.',
    );
  }
  if (lines.length > limits.fragmentLinesMax) {
    throw refuse(lines.length, `there are more lines than ${limits.fragmentLinesMax}.`);
  }
  const reading: Reading = {
    names: [],
    connections: [],
    requests: [],
    files: [],
    samples: [],
    exempt: [],
    once: new Map(),
  };
  lines.slice(1, -1).forEach((line, index) => {
    const problem = lineProblem(line) ?? readLine(line.split("\t"), reading);
    if (problem !== undefined) throw refuse(index + 2, problem);
  });
  return fragmentOf(reading, (says) => refuse(1, says));
}

function lineProblem(line: string): string | undefined {
  const long = line.split("\t").find((one) => one.length > limits.fragmentFieldCharsMax);
  if (long !== undefined) {
    return `a field has ${long.length} characters; the limit is ${limits.fragmentFieldCharsMax}.`;
  }
  return /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/.test(line)
    ? "it has a control character."
    : undefined;
}

const placeWords = ["inside", "outside"] as const;
const onceKeys: ReadonlySet<string> = new Set(["time", "place", "cluster", "vnet", "proxy"]);

/** Takes one line; answers with what is wrong with it. */
function readLine([key = "", ...values]: readonly string[], into: Reading): string | undefined {
  if (onceKeys.has(key)) {
    if (values.length !== 1 || into.once.has(key)) return `"${key}" stands once, with one value.`;
    into.once.set(key, values[0] ?? "");
    return undefined;
  }
  if (key === "exempt") {
    if (values.length !== 1) return '"exempt" has one value.';
    into.exempt.push(values[0] ?? "");
    return undefined;
  }
  const read = readers.get(key);
  if (read === undefined) return `"${key.slice(0, 40)}" is no line of version ${fragmentVersion}.`;
  return read(values, into);
}

const list = (text: string): readonly string[] => text.split(",").filter((one) => one !== "");

const memberOf = <Word extends string>(words: readonly Word[], text: string): Word | undefined =>
  words.find((word) => word === text);

type LineReader = (values: readonly string[], into: Reading) => string | undefined;

const readers: ReadonlyMap<string, LineReader> = new Map<string, LineReader>([
  ["name", readName],
  ["connection", readConnection],
  ["request", readRequest],
  ["file", readFile],
  ["sample", readSample],
]);

function readName(values: readonly string[], into: Reading): string | undefined {
  const [name = "", resolver = "", word = "", addresses = "", aliases = "", says = ""] = values;
  const outcome = memberOf(nameOutcomes, word);
  if (values.length !== 6 || outcome === undefined || !isName(name)) {
    return `"name" has name, resolver, outcome (${nameOutcomes.join(", ")}), addresses, aliases and a text.`;
  }
  into.names.push({
    name: name.toLowerCase(),
    resolver,
    outcome,
    addresses: list(addresses),
    aliases: list(aliases.toLowerCase()),
    says,
  });
  return undefined;
}

function readConnection(values: readonly string[], into: Reading): string | undefined {
  const [host = "", address = "", word = "", issuer = "", names = "", validTo = "", says = ""] =
    values;
  const outcome = memberOf(connectionOutcomes, word);
  if (values.length !== 7 || outcome === undefined || !isName(host)) {
    return `"connection" has host, address, outcome (${connectionOutcomes.join(", ")}), issuer, names, end and a text.`;
  }
  const seen = { address, outcome, issuer, subjectAltName: names, validTo, says };
  into.connections.push({ host: host.toLowerCase(), ...seen });
  return undefined;
}

function readRequest(values: readonly string[], into: Reading): string | undefined {
  const [host = "", word = "", purpose = "", token = "", address = "", number = ""] = values;
  const [code = "", redirect = "", says = ""] = values.slice(6);
  const method = memberOf(["GET", "POST"] as const, word);
  const status = Number(number);
  const fits = values.length === 9 && isName(host) && isWord(purpose);
  if (!fits || method === undefined || !/^[01] \d{1,3}$/.test(`${token} ${number}`)) {
    return '"request" has host, method, purpose, 1 with a token or 0, address, status, code, redirect and a text.';
  }
  const authenticated = token === "1";
  const answer = { address, status, code, redirect, says };
  into.requests.push({ host: host.toLowerCase(), method, purpose, authenticated, ...answer });
  return undefined;
}

function readFile(values: readonly string[], into: Reading): string | undefined {
  const [path = "", word = ""] = values;
  if (values.length !== 2 || !path.startsWith("/") || !/^(present|absent)$/.test(word)) {
    return '"file" has a path, and present or absent.';
  }
  into.files.push({ path, present: word === "present" });
  return undefined;
}

function readSample(values: readonly string[], into: Reading): string | undefined {
  const [clusterId = "", path = "", number = ""] = values;
  const fits = values.length === 3 && parseId(clusterId) !== undefined && isWord(path);
  if (!fits || !/^(none|\d{1,15})$/.test(number)) {
    return '"sample" has a cluster\'s id, a path, and milliseconds since 1970 or none.';
  }
  into.samples.push({ clusterId, path, newestMs: number === "none" ? null : Number(number) });
  return undefined;
}

const isWord = (text: string): boolean => /^[a-z-]{1,40}$/.test(text);

/** A host name or an address, and nothing that a shell, a URL or a page would act on. */
const isName = (text: string): boolean => /^[A-Za-z0-9_.:-]{1,255}$/.test(text);

function fragmentOf(reading: Reading, refuse: (says: string) => Error): ProbeFragment {
  const { once, exempt, ...seen } = reading;
  const seconds = once.get("time") ?? "";
  if (!/^\d{1,11}$/.test(seconds)) throw refuse('"time" must be seconds since 1970.');
  const place = memberOf(placeWords, once.get("place") ?? "");
  if (place === undefined) throw refuse('"place" must be inside or outside.');
  const id = (key: string): string | undefined => {
    const value = once.get(key);
    if (value !== undefined && parseId(value) === undefined) {
      throw refuse(`"${key}" must be a resource id.`);
    }
    return value;
  };
  return {
    place,
    clusterId: id("cluster"),
    vnetId: id("vnet"),
    takenAtMs: Number(seconds) * 1000,
    proxy: { used: once.get("proxy") === "1", exempt },
    ...seen,
  };
}
