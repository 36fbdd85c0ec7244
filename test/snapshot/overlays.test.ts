/** Templates and lists of resources laid over an estate: what would be wrong after them, and what cannot be known before. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { idKey } from "../../src/arm/index.ts";
import type { JsonObject } from "../../src/arm/index.ts";
import { limits } from "../../src/core/index.ts";
import { coverageOf } from "../../src/snapshot/index.ts";
import type { Snapshot } from "../../src/snapshot/index.ts";
import { overlaid, readOverlay } from "../../src/snapshot/overlay/overlays.ts";
import { dceId, scopeId } from "../onboard/scene.ts";
import { healthySnapshot, place, troubles } from "./overlay-scene.ts";

let estate: Snapshot;
before(async () => {
  estate = await healthySnapshot();
});

const template = (resources: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  contentVersion: "1.0.0.0",
  resources,
  ...more,
});

const dceResource: JsonObject = {
  type: "Microsoft.Insights/dataCollectionEndpoints",
  apiVersion: "2022-06-01",
  name: "MSProm-westeurope-aks-prod",
  location: "westeurope",
  properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
};

test("a template that changes nothing finds nothing", () => {
  assert.deepEqual(troubles(estate, template([dceResource])), []);
});

test("a template that moves the configuration endpoint to another, which no scope has, is found before it is deployed", () => {
  const said = troubles(
    estate,
    template([
      { ...dceResource, name: "dce-new" },
      {
        type: "Microsoft.ContainerService/managedClusters/providers/dataCollectionRuleAssociations",
        apiVersion: "2022-06-01",
        name: "aks-prod/Microsoft.Insights/configurationAccessEndpoint",
        properties: {
          dataCollectionEndpointId:
            "[resourceId('Microsoft.Insights/dataCollectionEndpoints', 'dce-new')]",
        },
      },
    ]),
  );
  assert.deepEqual(said, ["fail LS0205"]);
});

test("with the new endpoint linked to the scope the same template finds nothing: hosts, records and addresses are projected", () => {
  const said = troubles(
    estate,
    template(
      [
        { ...dceResource, name: "[variables('name')]" },
        {
          type: "Microsoft.Insights/dataCollectionRuleAssociations",
          apiVersion: "2022-06-01",
          name: "configurationAccessEndpoint",
          scope: "[concat('Microsoft.ContainerService/managedClusters/', parameters('cluster'))]",
          properties: {
            dataCollectionEndpointId:
              "[resourceId('Microsoft.Insights/dataCollectionEndpoints', variables('name'))]",
          },
        },
        {
          type: "Microsoft.Insights/privateLinkScopes/scopedResources",
          apiVersion: "2021-07-01-preview",
          name: "[format('ampls/{0}-connection', variables('name'))]",
          properties: {
            linkedResourceId:
              "[resourceId('Microsoft.Insights/dataCollectionEndpoints', variables('name'))]",
          },
        },
      ],
      {
        parameters: { cluster: { type: "string", defaultValue: "aks-prod" } },
        variables: { name: "[toLower('DCE-New')]" },
      },
    ),
  );
  assert.deepEqual(said, []);
});

test("what a template leaves to functions that are not evaluated is unknown, by name, and never a failure", () => {
  const laid = readOverlay(
    JSON.stringify(
      template([
        {
          ...dceResource,
          properties: { networkAcls: { publicNetworkAccess: "[reference('x').access]" } },
        },
        { ...dceResource, name: "[uniqueString('x')]" },
        { ...dceResource, name: "[parameters('none')]" },
        { type: "Microsoft.Resources/deployments", name: "nested", properties: {} },
        { ...dceResource, name: "copied", copy: { name: "c", count: 2 } },
        { ...dceResource, name: "off", condition: "[equals(1, 2)]" },
        { type: "Microsoft.KeyVault/vaults", name: "[newGuid()]" },
      ]),
    ),
    "x.json",
    place,
  );
  assert.ok(laid.kind === "overlay");
  assert.deepEqual(
    laid.overlay.open.map(({ says }) => says),
    [
      `the template's MSProm-westeurope-aks-prod: properties: networkAcls: publicNetworkAccess: "[reference('x').access]": reference() is not evaluated`,
      `the template's [uniqueString('x')]: "[uniqueString('x')]": uniqueString() is not evaluated`,
      `the template's [parameters('none')]: "[parameters('none')]": the parameter none has no value`,
      "the template's nested: nested deployments are not evaluated",
      "the template's copied: copies are not evaluated",
    ],
  );
  assert.deepEqual(laid.overlay.puts, []);
  const { snapshot } = overlaid(estate, [laid.overlay]);
  const coverage = coverageOf(snapshot.record);
  assert.equal(coverage.ofResource(dceId)?.code, "NotEvaluated");
  assert.ok(
    troubles(
      estate,
      template([{ ...dceResource, name: "x", properties: "[reference('x')]" }]),
    ).every((one) => !one.startsWith("fail")),
  );
});

test("children of a template's resources and of language version 2.0 are laid over", () => {
  const nested = template([], {
    languageVersion: "2.0",
    resources: {
      scope: {
        type: "Microsoft.Insights/privateLinkScopes",
        name: "ampls",
        location: "global",
        properties: { accessModeSettings: { queryAccessMode: "PrivateOnly" } },
        resources: [
          {
            type: "scopedResources",
            name: "again",
            properties: { linkedResourceId: dceId },
          },
        ],
      },
    },
  });
  const laid = readOverlay(JSON.stringify(nested), "x.json", place);
  assert.ok(laid.kind === "overlay");
  const { snapshot } = overlaid(estate, [laid.overlay]);
  const scope = snapshot.resources.find(({ id }) => idKey(id) === idKey(scopeId));
  assert.deepEqual(scope?.properties["accessModeSettings"], {
    ingestionAccessMode: "PrivateOnly",
    queryAccessMode: "PrivateOnly",
    exclusions: [],
  });
  assert.ok(snapshot.resources.some(({ id }) => id === `${scopeId}/scopedResources/again`));
});

test("a list of resources as az prints it is laid over by its ids", () => {
  const body = [
    {
      id: dceId,
      location: "westeurope",
      properties: { networkAcls: { publicNetworkAccess: "Enabled" } },
    },
  ];
  assert.deepEqual(troubles(estate, body), ["warn LS0211"]);
  assert.deepEqual(troubles(estate, { value: body }), ["warn LS0211"]);
});

test("a file that is none of these is refused, and so is one that is too large", () => {
  const refused = (text: string): string => {
    try {
      readOverlay(text, "x.json", place);
    } catch (error) {
      assert.ok(error instanceof Error && "code" in error);
      return `${String(error.code)} ${error.message}`;
    }
    return "taken";
  };
  assert.match(refused("{"), /^OverlayInvalid x\.json is neither JSON nor a probe's fragment/);
  assert.match(refused("{}"), /^OverlayInvalid x\.json is no ARM template/);
  assert.match(refused("3"), /^OverlayInvalid/);
  assert.match(refused("linkscope-probe\t1\n"), /^FragmentInvalid/);
  assert.match(refused(" ".repeat(limits.overlayBytesMax + 1)), /^FileTooLarge/);
  assert.match(refused(" ".repeat(limits.overlayBytesMax)), /^OverlayInvalid/);
});
