/** Redaction: subscriptions, names, ids, host names and, if asked for, addresses are replaced, each by the same everywhere. */
import { idKey, isObject, parseId } from "../arm/index.ts";
import type { ArmResource, Json, JsonObject } from "../arm/index.ts";
import {
  cloudNames,
  isScopeZone,
  regions,
  roleDefinitions,
  toPublicNames,
} from "../azure/index.ts";
import { keptType, keptTypes } from "./kept-types.ts";
import type { Unread } from "./coverage.ts";
import { respelled } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

const guidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const addressPattern = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g;

/** Names that say nothing of whose estate it is, and that rules go by. */
const wellKnown: ReadonlySet<string> = new Set([
  "configurationaccessendpoint",
  "default",
  "azurefirewallsubnet",
  "gatewaysubnet",
  "azurebastionsubnet",
  "azuremonitor",
  "prometheusmetrics",
  "containerinsightsextension",
  "containerinsightsmetricsextension",
  "global",
  "api",
  "live",
  "profiler",
  "snapshot",
  "@",
  ...regions.map(({ name }) => name),
]);

/**
 * A snapshot without what names its owner. The same name becomes the same word everywhere, in ids, hosts and records, so
 * that every check says the same of it. What ARM said of refusals is left out but for its code.
 */
export function redacted(
  snapshot: Snapshot,
  options: { readonly addresses: boolean } = { addresses: false },
): Snapshot {
  const words = vocabulary(snapshot);
  const rewrite = rewriter(words, options.addresses);
  const resource = (one: ArmResource): ArmResource =>
    respelled(one as unknown as JsonObject, rewrite) as unknown as ArmResource;
  const unread = ({ path, status, code }: Unread): Unread => ({
    path: rewrite(path),
    status,
    code,
    says: "redacted",
  });
  const resources = snapshot.resources.map(resource);
  return {
    ...snapshot,
    redacted: true,
    clusters: snapshot.clusters.map(rewrite),
    // Types and public words are left as they are: the name of a resource is its id's last segment.
    resources: resources.map((one, index) => ({
      ...one,
      type: snapshot.resources[index]?.type ?? one.type,
      name: parseId(one.id)?.name ?? one.name,
    })),
    record: {
      lists: snapshot.record.lists.map(rewrite),
      absent: snapshot.record.absent.map(rewrite),
      unread: snapshot.record.unread.map(unread),
    },
  };
}

/** Each sensitive word in lower case, with what it becomes. */
function vocabulary({ resources, clusters, record }: Snapshot): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  const counts = new Map<string, number>();
  const add = (word: string, noun: string): void => {
    const key = word.toLowerCase();
    // GUIDs are replaced as such.
    if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(key)) return;
    if (key === "" || words.has(key) || isPublicWord(key)) return;
    const count = (counts.get(noun) ?? 0) + 1;
    counts.set(noun, count);
    words.set(key, `${noun}-${count}`);
  };
  const asked = [...record.lists, ...record.absent, ...record.unread.map(({ path }) => path)];
  for (const id of [...clusters, ...resources.map((one) => one.id), ...asked]) addId(id, add);
  for (const { properties, identity } of resources) {
    addValue(properties, "", add);
    for (const id of Object.keys(identity?.["userAssignedIdentities"] ?? {})) addId(id, add);
  }
  return words;
}

type Add = (word: string, noun: string) => void;

function addId(id: string, add: Add): void {
  const parsed = parseId(id);
  if (parsed === undefined) return;
  if (parsed.resourceGroup !== undefined) add(parsed.resourceGroup, "group");
  if (isRecordOrZone(parsed.type)) {
    for (const name of parsed.names) addDomain(name, add);
    return;
  }
  for (let at = 1; at <= parsed.names.length; at += 1) {
    const kinds = parsed.type.split("/").slice(0, at + 1);
    const noun = keptType(kinds.join("/"))?.noun ?? "name";
    const name = parsed.names[at - 1] ?? "";
    if (isRecordOrZone(kinds.join("/"))) addDomain(name, add);
    else add(name, noun);
  }
  if (parsed.extendedId !== undefined) addId(parsed.extendedId, add);
}

/** Zones and records have names of DNS: their labels are replaced as those of hosts are. */
const isRecordOrZone = (type: string): boolean =>
  /^microsoft\.network\/privatednszones(?:\/(?:a|cname))?$/i.test(type);

/** Fields that hold names of DNS of one's own, alone or in URLs. */
const domainFields: ReadonlySet<string> = new Set(
  "domainname noproxy httpproxy httpsproxy targetfqdns destinationfqdns fqdn fqdns cname recordsetname".split(
    " ",
  ),
);
/** Fields that hold a name of one's own. */
const nameFields: ReadonlySet<string> = new Set(["name", "noderesourcegroup", "dnsprefix"]);

/** What a field's value gives away: ids, the first label of an endpoint's host, domains, names. */
function addValue(value: Json, field: string, add: Add): void {
  if (Array.isArray(value)) {
    for (const one of value as readonly Json[]) addValue(one, field, add);
  } else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value)) {
      if (name !== "sku" && inner !== undefined) addValue(inner, name.toLowerCase(), add);
    }
  } else if (typeof value === "string") addText(value, field, add);
}

function addText(text: string, field: string, add: Add): void {
  if (text.startsWith("/")) return addId(text, add);
  if (domainFields.has(field)) {
    for (const host of text.replace(/^[a-z]+:\/\//i, "").split(/[\s,:/]+/)) addDomain(host, add);
    return;
  }
  const label = /^https:\/\/([a-z0-9-]+)\./i.exec(text)?.[1];
  if (label !== undefined && !/^[0-9a-f-]{36}$/i.test(label)) add(label, "host");
  if (nameFields.has(field)) add(text, field === "noderesourcegroup" ? "group" : "name");
}

/** The labels of a name of DNS that are nobody's in particular. */
const publicLabels: ReadonlySet<string> = new Set(
  `com net org io local svc cluster internal arpa www azure windows core privatelink monitor opinsights ods oms agentsvc
   azure-automation blob ingest handler control metrics canary prometheus in ai global live livediagnostics profiler
   snapshot diagservices-query scadvisorcontentpl api us cn usgovcloudapi chinacloudapi adx applicationinsights
   microsoftonline login management azmk8s hcp mcr microsoft data packages acs-mirror azureedge monitoring localhost @ *`.split(
    /\s+/,
  ),
);

function addDomain(name: string, add: Add): void {
  for (const label of name.toLowerCase().split(".")) {
    const regional = /^([a-z0-9]+)-\d{1,2}$/.exec(label)?.[1];
    const isPublic =
      publicLabels.has(label) ||
      /^\d+$/.test(label) ||
      /^[0-9a-f-]{36}$/.test(label) ||
      (regional !== undefined && wellKnown.has(regional));
    if (!isPublic) add(label, "host");
  }
}

/** Words of ids' types and of fields' values: a resource of such a name (a network "network") keeps it, or types would lose theirs. */
const armWords: ReadonlySet<string> = new Set([
  ..."subscriptions resourcegroups providers true false none enabled disabled open privateonly system user".split(
    " ",
  ),
  ..."approved rejected pending disconnected removed succeeded failed running stopped linux windows".split(
    " ",
  ),
  ...keptTypes().flatMap(({ type }) => type.toLowerCase().split(/[./]/)),
]);

/** A word that rules go by, or a zone of a private link. */
function isPublicWord(key: string): boolean {
  if (wellKnown.has(key) || publicLabels.has(key) || armWords.has(key)) return true;
  return cloudNames.some((cloud) => isScopeZone(toPublicNames(cloud, key)));
}

/**
 * Rewrites one string: names that are a whole segment of an id (they may have dots and parentheses), GUIDs, then words
 * between the marks that separate them in hosts and lists.
 */
function rewriter(
  words: ReadonlyMap<string, string>,
  addresses: boolean,
): (text: string) => string {
  // The built-in roles are the same in every tenant, and rules go by them.
  const guids = new Map(roleDefinitions.map(({ id }) => [idKey(id), idKey(id)]));
  const builtIn = guids.size;
  const networks = new Map<string, number>();
  const guid = (text: string): string => {
    const key = idKey(text);
    const known = guids.get(key);
    if (known !== undefined) return known;
    const made = `00000000-0000-4000-8000-${String(guids.size - builtIn + 1).padStart(12, "0")}`;
    guids.set(key, made);
    return made;
  };
  // The first two numbers stand for the network: what was within a prefix stays within it, from /16 on.
  const address = (all: string): string => {
    const [a = "", b = "", c = "", d = ""] = all.split(".");
    const key = `${a}.${b}`;
    const network = networks.get(key) ?? networks.size;
    networks.set(key, network);
    return `10.${(200 + network) % 256}.${c}.${d}`;
  };
  const keep = (text: string): boolean => text.startsWith("168.63.129.") || text === "0.0.0.0";
  const part = (text: string): string =>
    words.get(text.toLowerCase()) ??
    text
      .replace(guidPattern, guid)
      .replace(/[^/.,:;@\s"'?&=()]+/g, (word) => words.get(word.toLowerCase()) ?? hexWord(word));
  return (text) => {
    const named = text.split("/").map(part).join("/");
    if (!addresses) return named;
    return named.replace(addressPattern, (all) => (keep(all) ? all : address(all)));
  };
}

/** Immutable ids (`dcr-<32 hex>`) keep their beginning. */
const hexWord = (word: string): string =>
  word.replace(/^(dcr|dce)-[0-9a-f]{32}$/i, (all, kind: string) => `${kind}-${digestWord(all)}`);

/** A word that stands for another within one file, and tells nothing of it. */
function digestWord(text: string): string {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  return hash.toString(16).padStart(32, "0");
}
