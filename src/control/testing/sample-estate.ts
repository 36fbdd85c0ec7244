/** A control plane with the platform's own types, for tests. Nothing of the product imports it. */
import assert from "node:assert/strict";
import type { ControlOptions } from "../create-control.ts";
import { resourceTypes, roleDefinitionResources } from "../../providers/index.ts";
import { group, subscription, withGroup } from "./sample-types.ts";
import type { SampleControl } from "./sample-types.ts";

export const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks1`;

/** The platform's types, with one resource group. */
export const platformControl = (options: Partial<ControlOptions> = {}): Promise<SampleControl> =>
  withGroup({ types: resourceTypes, seed: roleDefinitionResources(subscription), ...options });

/** With a managed cluster whose metrics are enabled. */
export async function withCluster(options: Partial<ControlOptions> = {}): Promise<SampleControl> {
  const sample = await platformControl(options);
  const body = {
    location: "eastus",
    identity: { type: "SystemAssigned" },
    properties: {
      dnsPrefix: "aks1",
      servicePrincipalProfile: { clientId: "msi" },
      agentPoolProfiles: [{ name: "pool1", count: 1, vmSize: "Standard_D2s_v3" }],
      azureMonitorProfile: { metrics: { enabled: true } },
    },
  };
  const put = await sample.ask("PUT", clusterId, { version: "2023-01-01", body });
  assert.equal(put.status, 201, put.message);
  sample.clock.advance(1_000);
  return sample;
}
