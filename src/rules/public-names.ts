/** Public DNS as the platform tells it: which names exist, and where their chains lead. */
import type { Graph } from "../arm/index.ts";
import {
  privateAlias,
  publicAddressOf,
  publicAlias,
  publicFixedHosts,
  publicNameOf,
  unlistedRegionAddress,
} from "../azure/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { oncePerGraph } from "./memo.ts";
import { storageAccountsOf, storageAlias } from "./inventory-view.ts";
import { connectionsTo } from "./network-view.ts";
import { servedHosts } from "./served-hosts.ts";

/** What public DNS holds at one name. `empty`: the name exists (a zone, or the parent of names) without a record. */
export type PublicAnswer =
  | { readonly kind: "cname"; readonly target: string; readonly reason: Reason }
  | { readonly kind: "address"; readonly address: string; readonly reasons: readonly Reason[] }
  | { readonly kind: "empty"; readonly reason: Reason }
  | { readonly kind: "nxdomain"; readonly reason: Reason };

const existing = oncePerGraph((graph) => {
  const hosts = new Set([
    ...publicFixedHosts,
    ...servedHosts(graph).keys(),
    ...storageAccountsOf(graph).map(({ blobHost }) => blobHost),
  ]);
  const parents = new Set<string>();
  for (const host of hosts) {
    addParents(parents, host);
    const alias = aliasOf(graph, host);
    if (alias !== undefined) addParents(parents, alias.alias);
  }
  return { hosts, parents };
});

function addParents(parents: Set<string>, host: string): void {
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    parents.add(host.slice(dot + 1));
  }
}

/** The alias that public DNS has for a host now: always for a scope's names, once there is an endpoint for a workspace's. */
function aliasOf(graph: Graph, host: string): ReturnType<typeof privateAlias> {
  const alias = privateAlias(host);
  if (alias === undefined || alias.kind === "scope") return alias;
  const workspaceId = servedHosts(graph).get(host)?.resourceId;
  const linked = workspaceId !== undefined && connectionsTo(graph, workspaceId).length > 0;
  return linked ? alias : undefined;
}

/**
 * What public DNS answers for one name, without following it.
 * @param name lower case, without the final dot.
 */
export function publicAnswer(graph: Graph, name: string): PublicAnswer {
  const kept = answers(graph);
  let answer = kept.get(name);
  if (answer === undefined) {
    answer = findAnswer(graph, name);
    // Names that exist are as many as the resources; those that do not are without number, and are not kept.
    if (answer.kind === "cname" || answer.kind === "address") kept.set(name, answer);
  }
  return answer;
}

const answers = oncePerGraph((): Map<string, PublicAnswer> => new Map());

function findAnswer(graph: Graph, name: string): PublicAnswer {
  const { hosts, parents } = existing(graph);
  if (hosts.has(name)) return answerOfHost(graph, name);
  const behind = publicNameOf(name);
  if (behind !== undefined && hosts.has(behind) && aliasOf(graph, behind) !== undefined) {
    return addressAnswer(graph, { host: behind, name });
  }
  if (parents.has(name)) {
    const says = `${name} exists, but has no address.`;
    return { kind: "empty", reason: because("dns.no-type", says) };
  }
  const says = `Public DNS does not know ${name}.`;
  return { kind: "nxdomain", reason: because("dns.unknown-name", says) };
}

function answerOfHost(graph: Graph, host: string): PublicAnswer {
  const other = publicAlias(host);
  if (other !== undefined) {
    const says = `${host} has the alias ${other}, the name that a private link takes over.`;
    return { kind: "cname", target: other, reason: because("dns.service-alias", says) };
  }
  const account = storageAlias(graph, host);
  if (account !== undefined) {
    const says = `${host} has the alias ${account}, since its storage account has a private endpoint.`;
    return { kind: "cname", target: account, reason: because("dns.storage-alias", says) };
  }
  const alias = aliasOf(graph, host);
  if (alias !== undefined) {
    const says =
      alias.kind === "scope"
        ? `${host} always has the alias ${alias.alias}, whether or not a private link exists.`
        : `${host} has the alias ${alias.alias}, since its workspace has a private endpoint.`;
    const rule = alias.kind === "scope" ? "dns.alias" : "dns.workspace-alias";
    return { kind: "cname", target: alias.alias, reason: because(rule, says) };
  }
  if (privateAlias(host)?.kind !== "workspace") return addressAnswer(graph, { host, name: host });
  const says = `${host} has no alias, since its workspace has no private endpoint.`;
  return addressAnswer(
    graph,
    { host, name: host },
    because("dns.workspace-without-endpoint", says),
  );
}

function addressAnswer(
  graph: Graph,
  { host, name }: { readonly host: string; readonly name: string },
  ...before: readonly Reason[]
): PublicAnswer {
  // What a resource has is there, in whatever region: snapshots of other clouds have regions that are not listed.
  const isServed = servedHosts(graph).has(host);
  const address = publicAddressOf(host) ?? (isServed ? unlistedRegionAddress : undefined);
  if (address === undefined) {
    const says = `Public DNS does not know ${name}.`;
    return { kind: "nxdomain", reason: because("dns.unknown-name", says) };
  }
  const says = `Public DNS gives ${name} the address ${address}.`;
  return { kind: "address", address, reasons: [...before, because("dns.public", says)] };
}
