/** What a relay is told to do, as its parent sends it over their common channel: one line of JSON. */
import { isIPv4 } from "node:net";
import { isAbsolute } from "node:path";
import { limits } from "../../core/index.ts";
import { parseIpv4Prefix } from "../../rules/index.ts";

/** A file of the namespace that stands over one of the system. */
export interface BindMount {
  readonly source: string;
  readonly target: string;
}

/** How to furnish a namespace, and what to run in it. */
export interface NamespaceOrder {
  /** The fabric's Unix socket of the session. */
  readonly relaySocket: string;
  /** IPv4 prefixes that lead to the relay. */
  readonly prefixes: readonly string[];
  /** The resolver's address inside. */
  readonly dns: string;
  /** The managed-identity endpoint's address inside. */
  readonly instanceMetadata: string;
  readonly binds: readonly BindMount[];
  /** Folders that are empty for everything in the namespace: name service caches, which would ask outside. */
  readonly emptied: readonly string[];
  /** Folders that are empty for the command, and not for the relay: the platform's sockets. */
  readonly hidden: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The command's user and group, as outside. */
  readonly userId: number;
  readonly groupId: number;
  /** Whether a terminal sends Ctrl-C to the command by itself. */
  readonly terminal: boolean;
}

/** What the relay reports, a line of JSON each. */
export type NamespaceReport =
  /** The command has begun. */
  | { readonly kind: "started" }
  /** Nothing has begun; the namespace cannot be furnished. */
  | { readonly kind: "refused"; readonly says: string }
  | { readonly kind: "ended"; readonly code: number | null; readonly signal: string | null };

/** @returns the order, or what is wrong with it in a sentence. */
export function readOrder(line: string): NamespaceOrder | string {
  if (line.length > limits.namespaceConfigBytesMax) return "The order is too long.";
  let order: Partial<NamespaceOrder>;
  try {
    order = (JSON.parse(line) as Partial<NamespaceOrder> | null) ?? {};
  } catch {
    return "The order is not JSON.";
  }
  return orderProblem(order) ?? (order as NamespaceOrder);
}

type Check = readonly [(order: Partial<NamespaceOrder>) => boolean, string];

const isText = (value: unknown): value is string => typeof value === "string";
const isAddress = (value: unknown): boolean => isText(value) && isIPv4(value);
const isPath = (value: unknown): boolean => isText(value) && isAbsolute(value);
const are = (values: unknown, test: (value: unknown) => boolean): boolean =>
  Array.isArray(values) && values.every(test);

const checks: readonly Check[] = [
  [({ relaySocket }) => isPath(relaySocket), "The order has no socket."],
  [
    ({ dns, instanceMetadata }) => isAddress(dns) && isAddress(instanceMetadata),
    "The order's addresses are not IPv4.",
  ],
  [
    ({ prefixes }) => (prefixes?.length ?? 0) <= limits.namespacePrefixesMax,
    `The order has more prefixes than ${limits.namespacePrefixesMax}.`,
  ],
  [
    ({ prefixes }) =>
      are(prefixes, (prefix) => isText(prefix) && parseIpv4Prefix(prefix) !== undefined),
    "The order has a prefix that is not IPv4's.",
  ],
  [
    ({ binds }) =>
      are(
        binds?.map(({ source, target }) => isPath(source) && isPath(target)),
        Boolean,
      ),
    "The order has a file without an absolute path.",
  ],
  [
    ({ emptied, hidden }) => are(emptied, isPath) && are(hidden, isPath),
    "The order has a folder without an absolute path.",
  ],
  [({ command }) => are(command, isText) && command?.length !== 0, "The order has no command."],
  [
    ({ environment }) => are(Object.values(environment ?? {}), isText),
    "The order's environment is not text.",
  ],
  [
    ({ userId, groupId }) => Number.isInteger(userId) && Number.isInteger(groupId),
    "The order has no user.",
  ],
];

const orderProblem = (order: Partial<NamespaceOrder>): string | undefined =>
  checks.find(([holds]) => !holds(order))?.[1];
