/** Debian's az 2.45 under exec: the article's commands that it has, from the network to the add-on, both ways to authenticate. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { scopeZones } from "../../src/azure/index.ts";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { flowsByCertificate, flowsByOds } from "../support/logs-flow.ts";
import { credentialOf } from "../support/private-estate.ts";

const program = "/usr/bin/az";
const namespace = namespaceProblem(process.platform);
const skip =
  (!existsSync(program) && `not installed: ${program}`) ||
  (namespace !== undefined && `this machine gives no namespace: ${namespace}`);

/**
 * What Debian's packages need to run these commands at all: a network SDK of another version, a module that must be loaded
 * first, and a role client whose names changed. Python loads it by its name; az itself stays as it is.
 */
const shim = `import sys
if any(a.endswith('/az') for a in getattr(sys, 'orig_argv', [])[:4]):
    import functools, requests, msrestazure.azure_operation
    from azure.cli.core.profiles import _shared as s
    s.AZURE_API_PROFILES['latest'][s.ResourceType.MGMT_NETWORK] = '2022-07-01'
    from azure.mgmt.authorization.v2018_01_01_preview.operations import RoleDefinitionsOperations as D
    from azure.mgmt.authorization.v2020_04_01_preview.operations import RoleAssignmentsOperations as A
    D.config = A.config = property(lambda self: self._config)
    create = A.create
    @functools.wraps(create)
    def without_headers(self, *args, **kwargs):
        kwargs.pop('custom_headers', None)
        return create(self, *args, **kwargs)
    A.create = without_headers
`;

const folder = mkdtempSync(join(tmpdir(), "linkscope-az-"));
const group = "rg-az";
const region = "eastus";
let platform: TestPlatform;

before(async () => {
  if (skip !== false) return;
  platform = await startPlatform();
  mkdirSync(join(folder, "config"));
  mkdirSync(join(folder, "python"));
  writeFileSync(join(folder, "python", "sitecustomize.py"), shim);
});
after(async () => {
  await platform?.stop();
  if (platform !== undefined) removeFolder(platform.data);
  removeFolder(folder);
});

/** Runs az outside of every network: a line of words, then words that have blanks or are secret. Its answer as JSON. */
async function az(line: string, ...more: readonly string[]): Promise<Json> {
  const words = [...line.split(" "), ...more, "--only-show-errors", "-o", "json"];
  const { code, out, note } = await platform.linkscope(
    ["exec", "--quiet", "--public", "--", program, ...words],
    {
      environment: {
        AZURE_CONFIG_DIR: join(folder, "config"),
        AZURE_CORE_COLLECT_TELEMETRY: "no",
        AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
        PYTHONPATH: [join(folder, "python"), process.env["PYTHONPATH"]]
          .filter((path) => path !== undefined)
          .join(delimiter),
      },
    },
  );
  assert.equal(code, 0, `az ${line}: ${note}`);
  return out.trim() === "" ? null : (JSON.parse(out) as Json);
}

const inGroup = (line: string, ...more: readonly string[]) =>
  az(`${line} --resource-group ${group}`, ...more);

async function signIn(): Promise<void> {
  const { tenantId, clientId, clientSecret } = credentialOf(platform.ready);
  const secret = join(folder, "secret");
  writeFileSync(secret, clientSecret, { mode: 0o600 });
  await az(
    `login --service-principal --username ${clientId} --tenant ${tenantId}`,
    "--password",
    `@${secret}`,
  );
}

function createScope(ingestionAccessMode: string): Promise<Json> {
  const accessModeSettings = { queryAccessMode: "Open", ingestionAccessMode };
  return inGroup(
    "resource create --name ampls --location global --resource-type Microsoft.Insights/privateLinkScopes --api-version 2021-07-01-preview",
    "--properties",
    JSON.stringify({ accessModeSettings }),
  );
}

const link = (name: string, linkedId: string) =>
  inGroup(
    `monitor private-link-scope scoped-resource create --name ${name}-connection --scope-name ampls --linked-resource ${linkedId}`,
  );

/** Endpoint, zones, links and the zone group, by az's commands for networks: of the zones those that logs need. */
async function connect(scopeId: string): Promise<void> {
  await inGroup(
    `network private-endpoint create --name pe --connection-name ampls --vnet-name vnet --subnet endpoints --group-id azuremonitor --private-connection-resource-id ${scopeId} --location ${region}`,
  );
  for (const [index, zone] of scopeZones.slice(0, 3).entries()) {
    await inGroup(`network private-dns zone create --name ${zone}`);
    await inGroup(
      `network private-dns link vnet create --name link --zone-name ${zone} --virtual-network vnet --registration-enabled false`,
    );
    const verb = index === 0 ? "create" : "add";
    await inGroup(
      `network private-endpoint dns-zone-group ${verb} --endpoint-name pe --name default --zone-name ${zone.replaceAll(".", "-")} --private-dns-zone ${zone}`,
    );
  }
}

const aksCreate = (name: string, subnet: string, more = "") =>
  inGroup(
    `aks create --name ${name} --location ${region} --node-count 1 --no-ssh-key --enable-managed-identity --enable-private-cluster --vnet-subnet-id ${subnet} --skip-subnet-role-assignment --yes${more}`,
  );

const workspace = (verb: string, more = "") =>
  inGroup(`monitor log-analytics workspace ${verb} --workspace-name law-az${more}`);

const put = (id: string, body: Json) =>
  az(`rest --method put --url ${id}?api-version=2022-06-01`, "--body", JSON.stringify(body));

test(
  "az builds the private link, closes the workspace and turns monitoring on: the logs of both clusters flow",
  { skip, timeout: 600_000 },
  async () => {
    await signIn();
    await az(`group create --name ${group} --location ${region}`);
    await inGroup(
      "network vnet create --name vnet --address-prefixes 10.61.0.0/16 --subnet-name nodes --subnet-prefixes 10.61.0.0/22",
    );
    await inGroup(
      "network vnet subnet create --name endpoints --vnet-name vnet --address-prefixes 10.61.8.0/26",
    );
    const lawId = stringAt(await workspace("create"), "id") ?? "";
    const closed = await workspace("update", " --ingestion-access Disabled");
    assert.equal(stringAt(closed, "publicNetworkAccessForIngestion"), "Disabled");
    const scope = await createScope("Open");
    await link("law-az", lawId);
    await connect(stringAt(scope, "id") ?? "");
    await createScope("PrivateOnly");

    const providers = `${lawId.split("/providers/")[0]}/providers`;
    const vnet = `${providers}/Microsoft.Network/virtualNetworks/vnet`;
    const nodes = `${vnet}/subnets/nodes`;
    const legacy = stringAt(await aksCreate("aks-legacy", nodes), "id") ?? "";
    const enabled = await inGroup(
      `aks enable-addons --addons monitoring --name aks-legacy --workspace-resource-id ${lawId}`,
    );
    const managed = await aksCreate(
      "aks-msi",
      nodes,
      ` --enable-addons monitoring --enable-msi-auth-for-monitoring --workspace-resource-id ${lawId}`,
    );
    const useAADAuth = (cluster: Json): string | undefined =>
      stringAt(cluster, "addonProfiles", "omsagent", "config", "useAADAuth");
    assert.deepEqual([useAADAuth(enabled), useAADAuth(managed)], ["False", "True"]);

    const customerId = stringAt(closed, "customerId") ?? "";
    const keys = await workspace("get-shared-keys");
    const sharedKey = stringAt(keys, "primarySharedKey") ?? "";
    await flowsByCertificate(platform.ready, { vnet, cluster: legacy, customerId, sharedKey });

    // az 2.45 knows no scope in its add-on: the endpoint for configuration is the user's to make, by az rest.
    const cluster = stringAt(managed, "id") ?? "";
    const dce = `${providers}/Microsoft.Insights/dataCollectionEndpoints/config`;
    await put(dce, {
      location: region,
      kind: "Linux",
      properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
    });
    await link("config", dce);
    const association = "providers/Microsoft.Insights/dataCollectionRuleAssociations";
    await put(`${cluster}/${association}/configurationAccessEndpoint`, {
      properties: { dataCollectionEndpointId: dce },
    });
    await flowsByOds(platform.ready, { vnet, cluster, region, customerId });
  },
);
