/** Plans of Terraform laid over an estate: what would be wrong after them, and what is known only then. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { JsonObject } from "../../src/arm/index.ts";
import { checks, factsOf, runChecks } from "../../src/doctor/index.ts";
import { coverageOf } from "../../src/snapshot/index.ts";
import type { Snapshot } from "../../src/snapshot/index.ts";
import { overlaid, readOverlay } from "../../src/snapshot/overlay/overlays.ts";
import { group, scopeId } from "../onboard/scene.ts";
import { clusterId, healthySnapshot, place, troubles } from "./overlay-scene.ts";

let estate: Snapshot;
before(async () => {
  estate = await healthySnapshot();
});

interface PlannedChange {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
  readonly before?: JsonObject;
  readonly after: JsonObject | null;
  readonly unknown?: JsonObject;
  readonly references?: Readonly<Record<string, string>>;
}

const plan = (changes: readonly PlannedChange[]): JsonObject => ({
  format_version: "1.2",
  terraform_version: "1.9.0",
  resource_changes: changes.map(({ type, name, actions, before: old, after, unknown }) => ({
    address: `${type}.${name}`,
    mode: "managed",
    type,
    name,
    change: { actions, before: old ?? null, after, after_unknown: unknown ?? {} },
  })),
  configuration: {
    root_module: {
      resources: changes.map(({ type, name, references = {} }) => ({
        address: `${type}.${name}`,
        type,
        name,
        expressions: Object.fromEntries(
          Object.entries(references).map(([field, to]) => [
            field,
            { references: [to, to.replace(/\.id$/, "")] },
          ]),
        ),
      })),
    },
  },
});

const newDce: PlannedChange = {
  type: "azurerm_monitor_data_collection_endpoint",
  name: "new",
  actions: ["create"],
  after: {
    name: "dce-new",
    resource_group_name: "rg",
    location: "westeurope",
    public_network_access_enabled: false,
  },
  unknown: { id: true, configuration_access_endpoint: true, immutable_id: true },
};
const newAssociation: PlannedChange = {
  type: "azurerm_monitor_data_collection_rule_association",
  name: "config",
  actions: ["update"],
  before: {
    id: `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`,
  },
  after: { name: "configurationAccessEndpoint", target_resource_id: clusterId },
  unknown: { data_collection_endpoint_id: true },
  references: { data_collection_endpoint_id: "azurerm_monitor_data_collection_endpoint.new.id" },
};
const newLink: PlannedChange = {
  type: "azurerm_monitor_private_link_scoped_service",
  name: "new",
  actions: ["create"],
  after: { name: "dce-new-connection", resource_group_name: "rg", scope_name: "ampls" },
  unknown: { id: true, linked_resource_id: true },
  references: { linked_resource_id: "azurerm_monitor_data_collection_endpoint.new.id" },
};

test("a plan of Terraform is judged by what it makes, its references followed", () => {
  assert.deepEqual(troubles(estate, plan([newDce, newAssociation])), ["fail LS0205"]);
  assert.deepEqual(troubles(estate, plan([newDce, newAssociation, newLink])), []);
});

test("what a plan deletes is gone after it", () => {
  const linkId = estate.resources.find(({ id }) =>
    id.startsWith(`${scopeId}/scopedResources/MSProm`),
  )?.id;
  assert.ok(linkId !== undefined);
  const said = troubles(
    estate,
    plan([
      {
        type: "azurerm_monitor_private_link_scoped_service",
        name: "old",
        actions: ["delete"],
        before: { id: linkId },
        after: null,
      },
    ]),
  );
  assert.deepEqual(said, ["fail LS0205"]);
});

test("what is known only after apply is unknown, by name", () => {
  const laid = readOverlay(
    JSON.stringify(
      plan([
        { ...newLink, references: {} },
        { ...newDce, after: { name: "x" }, unknown: { resource_group_name: true } },
      ]),
    ),
    "plan.json",
    place,
  );
  assert.ok(laid.kind === "overlay");
  assert.deepEqual(
    laid.overlay.open.map(({ says }) => says),
    [
      "the plan's azurerm_monitor_private_link_scoped_service.new: linked_resource_id is known after apply",
      "the plan's azurerm_monitor_data_collection_endpoint.new: its name is known after apply",
    ],
  );
  const { snapshot } = overlaid(estate, [laid.overlay]);
  const list = coverageOf(snapshot.record).ofList(
    scopeId,
    "Microsoft.Insights/privateLinkScopes/scopedResources",
  );
  assert.equal(list?.code, "NotEvaluated");
});

test("a whole private link that a plan makes is judged before it is there", () => {
  const bare: Snapshot = {
    ...estate,
    resources: estate.resources.filter(({ type }) =>
      /managedClusters|virtualNetworks|accounts$|dataCollection/.test(type),
    ),
  };
  const make = (type: string, name: string, after: JsonObject, references = {}): PlannedChange => ({
    type,
    name,
    actions: ["create"],
    after: { name, resource_group_name: "rg", ...after },
    unknown: {
      id: true,
      ...Object.fromEntries(Object.keys(references).map((field) => [field, true])),
    },
    references,
  });
  const vnetId = `${group}/providers/Microsoft.Network/virtualNetworks/vnet-aks`;
  const zones = [
    "privatelink.monitor.azure.com",
    "privatelink.oms.opinsights.azure.com",
    "privatelink.ods.opinsights.azure.com",
    "privatelink.agentsvc.azure-automation.net",
    "privatelink.blob.core.windows.net",
  ];
  const zoneId = (zone: string): string =>
    `${group}/providers/Microsoft.Network/privateDnsZones/${zone}`;
  const dces = bare.resources.filter(({ type }) => type.endsWith("dataCollectionEndpoints"));
  const body = plan([
    make("azurerm_monitor_private_link_scope", "ampls-new", {}),
    ...dces.map(({ id, name }) =>
      make("azurerm_monitor_private_link_scoped_service", `${name}-link`, {
        scope_name: "ampls-new",
        linked_resource_id: id,
      }),
    ),
    ...zones.map((zone) => make("azurerm_private_dns_zone", zone, {})),
    ...zones.map((zone) =>
      make("azurerm_private_dns_zone_virtual_network_link", `link-${zone}`, {
        private_dns_zone_name: zone,
        virtual_network_id: vnetId,
      }),
    ),
    make("azurerm_private_endpoint", "pe-new", {
      location: "westeurope",
      subnet_id: `${vnetId}/subnets/snet-private-endpoints`,
      private_service_connection: [
        {
          name: "c",
          private_connection_resource_id: `${group}/providers/Microsoft.Insights/privateLinkScopes/ampls-new`,
          subresource_names: ["azuremonitor"],
          is_manual_connection: false,
        },
      ],
      private_dns_zone_group: [{ name: "default", private_dns_zone_ids: zones.map(zoneId) }],
    }),
  ]);
  const laid = readOverlay(JSON.stringify(body), "plan.json", place);
  assert.ok(laid.kind === "overlay");
  const { snapshot, planned } = overlaid(bare, [laid.overlay]);
  const facts = factsOf(snapshot, { nowMs: estate.takenAtMs, planned });
  const { results } = runChecks(checks, facts);
  const failing = results.filter(({ finding }) => finding.status === "fail");
  assert.deepEqual(
    failing.map(({ check, finding }) => `${check.id} ${finding.says}`),
    [],
  );
  for (const id of ["LS0205", "LS0208", "LS0303", "LS0305", "LS0307"]) {
    assert.ok(
      results.some(({ check, finding }) => check.id === id && finding.status === "pass"),
      id,
    );
  }
});
