/** Configuration access: where an agent gets the configuration of its cluster, and why it may not get it here. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { ingestionAccess, isScope } from "./ingestion-access.ts";
import type { Origin } from "./origin.ts";
import type { ServedHost } from "./served-hosts.ts";
import { configurationAssociation, dceOf } from "./view.ts";

/** What the handler does. `redirect` is a 421 with `x-ms-agent-config-endpoint: endpoint`. */
export type ConfigurationAccess =
  | { readonly kind: "serve"; readonly dceId?: ResourceId; readonly reasons: readonly Reason[] }
  | {
      readonly kind: "redirect";
      readonly dceId: ResourceId;
      /** `https://<dce>-<key>.<region>-1.handler.control.monitor.azure.com` */
      readonly endpoint: string;
      readonly message: string;
      readonly reasons: readonly Reason[];
    }
  | {
      readonly kind: "refuse";
      /** Azure's text where it is known. */
      readonly message: string;
      readonly reasons: readonly Reason[];
    };

/** The text that Azure's service sends. @see github.com/microsoft/Docker-Provider source/plugins/go/src/telemetry.go */
export const endpointRequiredMessage =
  "Data collection endpoint must be used to access configuration over private link";

/** @see github.com/microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go */
export const redirectMessage = (endpoint: string): string =>
  `Agent configuration needs to be acquired from '${endpoint}' endpoint which was configured for this resource.`;

export interface ConfigurationQuestion {
  readonly origin: Origin;
  /** The host asked: the global handler's, or one endpoint's. */
  readonly host: ServedHost;
  readonly clusterId: ResourceId;
}

/** Decides what an agent's request for the configuration of `clusterId` gets at `host`. Never throws. */
export function configurationAccess(
  graph: Graph,
  question: ConfigurationQuestion,
): ConfigurationAccess {
  const { host, clusterId, origin } = question;
  if (graph.get(clusterId) === undefined) {
    const says = `There is no resource ${clusterId}.`;
    return refuse(says, because("configuration.unknown-resource", says));
  }
  if (host.kind === "configuration-global") return atGlobalHost(graph, question);
  if (host.kind !== "configuration" || host.resourceId === undefined) {
    const says = `${host.host} does not answer for agent configuration.`;
    return refuse(says, because("configuration.not-a-handler", says));
  }
  return atEndpoint(graph, { origin, clusterId, dceId: host.resourceId });
}

function atGlobalHost(
  graph: Graph,
  { origin, clusterId }: ConfigurationQuestion,
): ConfigurationAccess {
  if (origin.kind === "private" && !isScope(origin.targetId)) {
    const says = `${origin.endpointId} leads to ${origin.targetId} and to nothing else.`;
    return refuse(says, because("endpoint.other-resource", says));
  }
  const association = configurationAssociation(graph, clusterId);
  if (association?.dceId === undefined) {
    if (origin.kind === "public") {
      const says = `${clusterId} has no configurationAccessEndpoint, so the global host serves it.`;
      return { kind: "serve", reasons: [because("configuration.global-public", says)] };
    }
    const says = `${clusterId} has no configurationAccessEndpoint, which private link demands.`;
    return refuse(endpointRequiredMessage, because("configuration.endpoint-required", says));
  }
  const dce = dceOf(graph, association.dceId);
  if (dce?.configurationHost === undefined) {
    const says = `The configurationAccessEndpoint of ${clusterId} names ${association.dceId}, which does not exist.`;
    return refuse(says, because("configuration.association-broken", says));
  }
  const endpoint = `https://${dce.configurationHost}`;
  const says = `${clusterId} gets its configuration at ${dce.id}.`;
  return {
    kind: "redirect",
    dceId: dce.id,
    endpoint,
    message: redirectMessage(endpoint),
    reasons: [because("configuration.redirect", says)],
  };
}

function atEndpoint(
  graph: Graph,
  { origin, clusterId, dceId }: { origin: Origin; clusterId: ResourceId; dceId: ResourceId },
): ConfigurationAccess {
  if (!sameId(configurationAssociation(graph, clusterId)?.dceId, dceId)) {
    const says = `${clusterId} does not get its configuration at ${dceId}.`;
    return refuse(says, because("configuration.other-endpoint", says));
  }
  const associated = because(
    "configuration.associated",
    `${clusterId} gets its configuration at ${dceId}.`,
  );
  const access = ingestionAccess(graph, { origin, dceId });
  const reasons = [associated, ...access.reasons];
  if (access.outcome === "allow") return { kind: "serve", dceId, reasons };
  // What nobody can decide is not served.
  return { kind: "refuse", message: access.reasons.at(-1)?.says ?? "", reasons };
}

const refuse = (message: string, ...reasons: readonly Reason[]): ConfigurationAccess => ({
  kind: "refuse",
  message,
  reasons,
});
