/** The api-versions of Microsoft.Network that clients, templates and SDKs send. */

/** Virtual networks, private endpoints and their zone groups. @see az's network commands, Microsoft's Bicep samples, @azure/arm-network */
export const networkVersions: readonly string[] = ["2022-01-01", "2023-05-01", "2025-05-01"];

/** The version of private DNS in which a virtual network link has a resolution policy. */
export const resolutionPolicyVersion = "2024-06-01";

/** Private DNS zones, links and record sets. @see az's private-dns commands, @azure/arm-privatedns */
export const privateDnsVersions: readonly string[] = ["2020-06-01", resolutionPolicyVersion];

/** DNS resolvers and forwarding rulesets. @see learn.microsoft.com/azure/templates/microsoft.network/dnsresolvers */
export const dnsResolverVersions: readonly string[] = ["2022-07-01"];

/** Names in Microsoft.Network. @see learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
export const networkName = {
  pattern: /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/,
  says: "it has 1 to 80 letters, digits, '_', '.' and '-', begins with a letter or digit and ends with a letter, digit or '_'.",
} as const;
