/** The estate file `linkscope.yaml`: read strictly, every mistake with its line and column. See docs/formats/linkscope-yaml.md. */
import { LineCounter, parseDocument } from "yaml";
import { limits } from "../core/index.ts";
import { parseIpv4Prefix, prefixContains } from "../rules/index.ts";
import type { Ipv4Prefix } from "../rules/index.ts";
import { fieldsOf } from "./estate-fields.ts";
import type { Fields, NameRule, Placed, Report } from "./estate-fields.ts";
import { logsAuths, logsDefaults } from "./logs/logs-request.ts";
import type { LogsAuth } from "./logs/logs-request.ts";
import { requestDefaults } from "./request.ts";
import type { AccessMode } from "./request.ts";

export interface EstateNetwork {
  readonly name: string;
  readonly addressSpace: readonly string[];
  readonly subnets: readonly { readonly name: string; readonly prefix: string }[];
}

export interface EstateWorkspace {
  readonly name: string;
  readonly region: string;
}

/** How a signal goes: by which scope, and what closes. The words of a request. */
export interface EstateLink {
  readonly scope: string;
  readonly subnet: string;
  readonly ingestionAccessMode: AccessMode;
  readonly queryAccessMode: AccessMode;
  readonly closeShared: boolean;
  readonly closeQuery: boolean;
}

/** What a cluster's metrics are to be. */
export interface EstateMetrics extends EstateLink {
  readonly workspace: string;
}

/** What a cluster's logs are to be. */
export interface EstateLogs extends EstateLink {
  /** A Log Analytics workspace of the file; undefined: the default one. */
  readonly workspace: string | undefined;
  readonly auth: LogsAuth;
  readonly highLogScale: boolean;
  readonly syslog: boolean;
}

export interface EstateCluster {
  readonly name: string;
  readonly region: string;
  readonly private: boolean;
  readonly network: string;
  readonly subnet: string;
  readonly metrics: EstateMetrics | undefined;
  readonly logs?: EstateLogs | undefined;
}

/** An estate, without a subscription: it can be made in any. */
export interface Estate {
  readonly resourceGroup: string;
  readonly region: string;
  readonly networks: readonly EstateNetwork[];
  /** Azure Monitor workspaces. */
  readonly workspaces: readonly EstateWorkspace[];
  readonly logAnalyticsWorkspaces?: readonly EstateWorkspace[];
  readonly clusters: readonly EstateCluster[];
}

export interface EstateProblem {
  readonly line: number;
  readonly column: number;
  readonly says: string;
}

export type EstateReading =
  | { readonly ok: true; readonly estate: Estate }
  | { readonly ok: false; readonly problems: readonly EstateProblem[] };

/**
 * Reads an estate file's text. Unknown keys, duplicate keys, aliases and tags are mistakes; all are reported, sorted by
 * their place.
 */
export function parseEstate(text: string): EstateReading {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.estateBytesMax) {
    const says = `The file has ${bytes} bytes; the limit is ${limits.estateBytesMax}.`;
    return { ok: false, problems: [{ line: 1, column: 1, says }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const problems: EstateProblem[] = [];
  const report = (offset: number, says: string): void => {
    const { line, col: column } = lines.linePos(offset);
    problems.push({ line, column, says });
  };
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    report(pos[0], message.split("\n")[0] ?? message);
  }
  if (problems.length === 0) {
    const estate = readEstate(document.contents, report);
    if (problems.length === 0) return { ok: true, estate };
  }
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems: sorted };
}

const estateFormat = 1;

function readEstate(root: unknown, report: Report): Estate {
  const file = fieldsOf(root, { report, key: "the file", offset: 0 });
  const format = file.scalar("linkscope");
  if (format.value !== estateFormat) {
    report(format.offset, `'linkscope' is the format's version; ${estateFormat} is the only one.`);
  }
  const resourceGroup = file.name("resourceGroup", groupName);
  const region = file.region("region", undefined);
  const networks = file.entries("networks", (entry) => readNetwork(entry));
  const readAs =
    (rule: NameRule) =>
    (entry: Fields): EstateWorkspace => {
      const workspace = { name: entry.key(rule), region: entry.region("region", region) };
      entry.close();
      return workspace;
    };
  const workspaces = file.entries("workspaces", readAs(workspaceName));
  const logAnalyticsWorkspaces = file.entries(
    "logAnalyticsWorkspaces",
    readAs(logAnalyticsWorkspaceName),
  );
  const context = { region, networks, workspaces, logAnalyticsWorkspaces };
  const clusters = file.entries("clusters", (entry) => readCluster(entry, context));
  file.close();
  return { resourceGroup, region, networks, workspaces, logAnalyticsWorkspaces, clusters };
}

function readNetwork(entry: Fields): EstateNetwork {
  const name = entry.key(resourceName);
  const spaces = entry.list("addressSpace").map((item) => prefixOf(item, entry));
  const subnets = entry.entries("subnets", (subnet) => {
    const read = prefixOf(subnet.own(), subnet);
    const inside = spaces.some((space) => prefixContains(space.prefix, read.prefix));
    if (!inside && spaces.length > 0 && read.prefix.size > 0) {
      subnet.report(read.offset, `${read.text} lies outside the network's address space.`);
    }
    return { name: subnet.key(resourceName), ...read };
  });
  for (const [index, subnet] of subnets.entries()) {
    const clash = subnets.slice(0, index).find((other) => overlap(other.prefix, subnet.prefix));
    if (clash === undefined) continue;
    entry.report(subnet.offset, `${subnet.text} overlaps ${clash.text} of '${clash.name}'.`);
  }
  entry.close();
  return {
    name,
    addressSpace: spaces.map(({ text }) => text),
    subnets: subnets.map(({ name: subnet, text: prefix }) => ({ name: subnet, prefix })),
  };
}

interface PlacedPrefix {
  readonly text: string;
  readonly prefix: Ipv4Prefix;
  readonly offset: number;
}

function prefixOf({ value, offset }: Placed, { report }: Fields): PlacedPrefix {
  const text = typeof value === "string" ? value : "";
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined) {
    report(
      offset,
      `'${text}' is not an IPv4 prefix such as 10.1.0.0/16, with nothing set beyond its length.`,
    );
  }
  return { text, prefix: prefix ?? { first: 0, length: 0, size: 0 }, offset };
}

const overlap = (a: Ipv4Prefix, b: Ipv4Prefix): boolean =>
  a.first < b.first + b.size && b.first < a.first + a.size;

interface Known {
  readonly region: string;
  readonly networks: readonly EstateNetwork[];
  readonly workspaces: readonly EstateWorkspace[];
  readonly logAnalyticsWorkspaces: readonly EstateWorkspace[];
}

function readCluster(entry: Fields, known: Known): EstateCluster {
  const name = entry.key(clusterName);
  const region = entry.region("region", known.region);
  const isPrivate = entry.flag("private", true);
  const network = entry.name("network", resourceName);
  const subnet = entry.name("subnet", resourceName);
  const found = known.networks.find((one) => one.name === network);
  if (network !== "" && found === undefined) {
    entry.report(entry.offsetOf("network"), `There is no network '${network}' in this file.`);
  } else if (
    found !== undefined &&
    subnet !== "" &&
    !found.subnets.some((one) => one.name === subnet)
  ) {
    entry.report(entry.offsetOf("subnet"), `The network '${network}' has no subnet '${subnet}'.`);
  }
  const metrics = entry.child("metrics", (child) => readMetrics(child, known));
  const logs = entry.child("logs", (child) => readLogs(child, known));
  if (logs !== undefined && !isPrivate) {
    const says =
      "Container insights over a private link is for private clusters; 'private' is false.";
    entry.report(entry.offsetOf("logs"), says);
  }
  if (metrics !== undefined && logs !== undefined && metrics.scope !== logs.scope) {
    const says = `The scopes of metrics ('${metrics.scope}') and logs ('${logs.scope}') differ; a network can have one.`;
    entry.report(entry.offsetOf("logs"), says);
  }
  entry.close();
  return { name, region, private: isPrivate, network, subnet, metrics, logs };
}

function readMetrics(entry: Fields, known: Known): EstateMetrics {
  const workspace = entry.name("workspace", workspaceName);
  mustHave(entry, workspace, known.workspaces);
  const metrics = { workspace, ...readLink(entry) };
  entry.close();
  return metrics;
}

function readLogs(entry: Fields, known: Known): EstateLogs {
  const workspace = entry.nameOr("workspace", logAnalyticsWorkspaceName, "");
  mustHave(entry, workspace, known.logAnalyticsWorkspaces);
  const auth = entry.oneOf<LogsAuth>("auth", logsAuths, logsDefaults.auth);
  const highLogScale = entry.flag("highLogScale", logsDefaults.highLogScale);
  const syslog = entry.flag("syslog", logsDefaults.syslog);
  for (const [key, asked] of [
    ["highLogScale", highLogScale],
    ["syslog", syslog],
  ] as const) {
    if (asked && auth === "legacy") {
      entry.report(entry.offsetOf(key), `'${key}' needs 'auth: managed-identity'.`);
    }
  }
  const link = readLink(entry);
  entry.close();
  return {
    workspace: workspace === "" ? undefined : workspace,
    auth,
    highLogScale,
    syslog,
    ...link,
  };
}

function mustHave(entry: Fields, name: string, known: readonly EstateWorkspace[]): void {
  if (name === "" || known.some((one) => one.name === name)) return;
  entry.report(entry.offsetOf("workspace"), `There is no workspace '${name}' in this file.`);
}

function readLink(entry: Fields): EstateLink {
  const mode = (key: "ingestionAccessMode" | "queryAccessMode"): AccessMode =>
    entry.oneOf(key, ["Open", "PrivateOnly"], requestDefaults[key]);
  return {
    scope: entry.name("scope", resourceName),
    subnet: entry.nameOr("subnet", resourceName, requestDefaults.subnetName),
    ingestionAccessMode: mode("ingestionAccessMode"),
    queryAccessMode: mode("queryAccessMode"),
    closeShared: entry.flag("closeShared", requestDefaults.closeShared),
    closeQuery: entry.flag("closeQuery", requestDefaults.closeQuery),
  };
}

const groupName: NameRule = {
  pattern: /^[\w.()-]{0,89}[\w()-]$/,
  says: "a resource group's name has 1 to 90 letters, digits, '_', '-', '.', '(' and ')', and does not end with '.'",
};
const resourceName: NameRule = {
  pattern: /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/,
  says: "a name has 1 to 80 letters, digits, '_', '.' and '-', and begins and ends with a letter or digit",
};
const workspaceName: NameRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]$/,
  says: "a workspace's name has 3 to 44 letters, digits and '-', and begins and ends with a letter or digit",
};
const logAnalyticsWorkspaceName: NameRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/,
  says: "a Log Analytics workspace's name has 4 to 63 letters, digits and '-', and begins and ends with a letter or digit",
};
const clusterName: NameRule = {
  pattern: /^[A-Za-z0-9](?:[\w-]{0,61}[A-Za-z0-9])?$/,
  says: "a cluster's name has 1 to 63 letters, digits, '_' and '-', and begins and ends with a letter or digit",
};
