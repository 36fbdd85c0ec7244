/** What holds for every declaration: names, versions, codes of errors, and the shape of the providers. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { providerErrors, resourceProviders, resourceTypes } from "./index.ts";

const sources = (wanted: (path: string) => boolean): string =>
  readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && wanted(path))
    .map((path) => readFileSync(join(import.meta.dirname, path), "utf8"))
    .join("\n");

const code = sources((path) => !path.endsWith(".test.ts") && path !== "errors.ts");
const tests = sources((path) => path.endsWith(".test.ts") && path !== "catalogue.test.ts");

test("every code that a declaration answers is in the catalogue", () => {
  const used = new Set(
    [...code.matchAll(/(?:problem|add)\(\s*"([A-Za-z]+)"/g)].map(([, name]) => name),
  );
  assert.ok(used.size > 30);
  assert.deepEqual(
    [...used].filter((name) => !Object.hasOwn(providerErrors, name ?? "")),
    [],
  );
});

test("every code of the catalogue is answered somewhere, and met in a test", () => {
  const names = Object.keys(providerErrors);
  assert.deepEqual(
    names.filter((name) => !code.includes(`"${name}"`)),
    [],
  );
  assert.deepEqual(
    names.filter((name) => !tests.includes(name)),
    [],
  );
});

test("a problem's status is the one that its catalogue entry names", () => {
  const calls = code.matchAll(
    /problem\(\s*"([A-Za-z]+)"(?:(?!problem\()[\s\S]){0,400}?status: (\d{3})/g,
  );
  for (const [, name, status] of calls) {
    const entry = (providerErrors as Readonly<Record<string, { readonly status: number }>>)[
      name ?? ""
    ];
    if (entry !== undefined && entry.status !== 400)
      assert.equal(String(entry.status), status, name);
  }
});

test("each type is declared once, names its source, and lists its versions once each", () => {
  const names = resourceTypes.map(({ type }) => type.toLowerCase());
  assert.equal(new Set(names).size, names.length);
  for (const { type, source, apiVersions } of resourceTypes) {
    assert.ok(source.length > 10, type);
    assert.equal(new Set(apiVersions).size, apiVersions.length, type);
    for (const version of apiVersions) assert.match(version, /^\d{4}-\d{2}-\d{2}(-preview)?$/);
  }
});

test("each type's versions hold those that clients, templates and SDKs send", () => {
  const wanted: Readonly<Record<string, readonly string[]>> = {
    "Microsoft.Resources/resourceGroups": ["2021-04-01", "2024-11-01", "2025-04-01"],
    "Microsoft.Network/virtualNetworks": ["2022-01-01", "2023-05-01", "2025-05-01"],
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": [
      "2022-01-01",
      "2023-05-01",
      "2025-05-01",
    ],
    "Microsoft.Network/privateDnsZones": ["2020-06-01"],
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ["2020-06-01", "2024-06-01"],
    "Microsoft.Insights/privateLinkScopes": [
      "2019-10-17-preview",
      "2021-07-01-preview",
      "2021-09-01",
      "2023-06-01-preview",
    ],
    "Microsoft.Insights/dataCollectionRules": [
      "2021-04-01",
      "2021-09-01-preview",
      "2022-06-01",
      "2023-03-11",
      "2024-03-11",
    ],
    "Microsoft.Monitor/accounts": [
      "2021-06-03-preview",
      "2023-04-03",
      "2025-05-03-preview",
      "2025-10-03-preview",
    ],
    "Microsoft.ContainerService/managedClusters": [
      "2019-04-01",
      "2022-11-01",
      "2023-01-01",
      "2023-04-01",
      "2025-10-01",
      "2026-04-01",
    ],
    "Microsoft.Authorization/roleDefinitions": ["2018-01-01-preview", "2022-04-01"],
    "Microsoft.Authorization/roleAssignments": ["2020-04-01-preview", "2022-04-01"],
  };
  for (const [name, versions] of Object.entries(wanted)) {
    const type = resourceTypes.find((one) => one.type === name);
    for (const version of versions)
      assert.ok(type?.apiVersions.includes(version), `${name} ${version}`);
  }
});

test("providers hold every type, newest version first, with display names of regions", () => {
  const types = resourceProviders.flatMap(({ namespace, resourceTypes: own }) =>
    own.map(({ resourceType }) => `${namespace}/${resourceType}`),
  );
  assert.deepEqual(types.toSorted(), resourceTypes.map(({ type }) => type).toSorted());
  const monitor = resourceProviders.find(({ namespace }) => namespace === "Microsoft.Monitor");
  const accounts = monitor?.resourceTypes.find(({ resourceType }) => resourceType === "accounts");
  assert.ok(accounts?.locations.includes("East US"));
  assert.equal(accounts?.apiVersions[0], "2025-10-03-preview");
});

test("names with much to try are read in a moment", () => {
  const hostile = ["a-".repeat(2000), "a.".repeat(2000), "_".repeat(4000), `${"a".repeat(4000)}!`];
  const before = performance.now();
  for (const { name } of resourceTypes) {
    for (const text of hostile) name?.pattern.test(text);
  }
  assert.ok(performance.now() - before < 500);
});

test("rules and their associations are listed in every region, as az looks a cluster's up", () => {
  const insights = resourceProviders.find(({ namespace }) => namespace === "Microsoft.Insights");
  for (const name of ["dataCollectionRules", "dataCollectionRuleAssociations"]) {
    const type = insights?.resourceTypes.find(({ resourceType }) => resourceType === name);
    assert.ok(type?.locations.includes("East US"), name);
  }
});
