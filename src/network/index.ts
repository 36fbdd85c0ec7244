/** The fabric: resolvers, private endpoints, ways into a virtual network. */
export { createFabric } from "./fabric.ts";
export type { Fabric, FabricCounters, FabricOptions } from "./fabric.ts";
export type { SessionAnswer } from "./admin-api.ts";
export { networkErrors } from "./errors.ts";
export type { FabricAccess } from "./gateway.ts";
export { identityTokenOver } from "./identity-endpoint.ts";
export type { IdentityToken, IdentityTokenRequest } from "./identity-endpoint.ts";
export { readLinkTable } from "./link-table.ts";
export type { BindMount, NamespaceOrder, NamespaceReport } from "./namespace/order.ts";
export { runNamespace } from "./namespace/run-namespace.ts";
