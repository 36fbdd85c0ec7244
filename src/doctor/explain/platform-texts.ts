/** Refusals in this platform's own words, where Azure's are in no document. */
import type { KnownText } from "./known-text.ts";

export const platformTexts: readonly KnownText[] = [
  {
    id: "logs-query.network",
    kind: "cause",
    fragments: ["the workspace refuses queries that come this way"],
    example:
      "The workspace refuses queries that come this way. Connect through a private endpoint of a private link scope that links the workspace, or enable public network access for queries. (PublicNetworkAccessDenied)",
    means:
      "Public queries of the Log Analytics workspace are closed, and the query came neither from a network with a private endpoint to a scope that links it nor by a scope whose query mode lets it pass.",
    remedy: "Ask from a network of the scope, or link the workspace to the scope of this network.",
    checks: ["LS0603", "LS0206"],
    failures: ["F13"],
    source: "the query host of this platform; its status and code are Azure's, its words are not",
  },
  {
    id: "logs-query-arm.network",
    kind: "cause",
    fragments: ["resource manager passes the query on from a public network"],
    example:
      "Resource Manager passes the query on from a public network, whatever private link its caller came by. law-one refuses queries from public networks.",
    means:
      "A query through Azure Resource Manager, as the portal makes, is never private: a workspace that is closed to public queries refuses it.",
    remedy:
      "Ask at the query host from inside the network, or enable public network access for queries.",
    checks: ["LS0604"],
    failures: ["F15"],
    source: "learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries",
  },
  {
    id: "network-path.denied",
    kind: "cause",
    fragments: ["access to this resource over this network path is denied"],
    example:
      "PublicNetworkAccessDenied: Access to this resource over this network path is denied by its network access settings.",
    means:
      "An endpoint or a workspace refuses this network: it is closed to the public, and no private endpoint or scope of the caller's network lets the request pass.",
    remedy:
      "Look at the addresses that the name leads to from there, then at what the scope links.",
    checks: ["LS0504", "LS0602"],
    failures: [],
    source: "the edge of this platform; its status is Azure's, its code and words are not",
  },
];
