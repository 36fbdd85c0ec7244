/** The proof of a network's remote write on plain evidence: private, public, and why names lead there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../core/index.ts";
import { networkProofTarget, proveNetwork } from "./index.ts";
import type { NetworkProofTarget, Probes, Proof, RequestEvidence } from "./index.ts";
import { dce, dcr, endpointTo, group, ids, observedOf } from "./testing/plain-estate.ts";

const network = `${group}/providers/Microsoft.Network`;
const hq = `${network}/localNetworkGateways/hq`;
const clock = fakeClock(1_000_000);
const certificate = {
  subject: "CN=x",
  issuer: "CN=ca",
  subjectAltName: "DNS:x",
  validTo: "Jan 1 2030",
  fingerprint256: "00",
};

const observed = observedOf({
  [ids.workspace]: {
    location: "westeurope",
    defaultIngestionSettings: {
      dataCollectionEndpointResourceId: ids.dce,
      dataCollectionRuleResourceId: ids.dcr,
    },
    metrics: { prometheusQueryEndpoint: "https://amw.example" },
  },
  [ids.dce]: dce("amw"),
  [ids.dcr]: dcr(ids.workspace, ids.dce),
  ...endpointTo(ids.scope),
  [hq]: { location: "westeurope" },
  [`${network}/virtualNetworkGateways/vpn`]: {
    ipConfigurations: [{ properties: { subnet: { id: `${ids.vnet}/subnets/GatewaySubnet` } } }],
  },
  [`${network}/connections/c`]: {
    virtualNetworkGateway1: { id: `${network}/virtualNetworkGateways/vpn` },
    localNetworkGateway2: { id: hq },
  },
});

function targetOf(networkId: string): NetworkProofTarget {
  const target = networkProofTarget(observed, { networkId, workspaceId: ids.workspace });
  assert.ok(target);
  return target;
}

/** Inside leads to `address` with 204; outside is refused. */
function proofFrom(networkId: string, address: string): Promise<Proof> {
  const answered = (status: number, from: string): RequestEvidence => ({
    kind: "answered",
    address: from,
    certificate,
    status,
    bodyExcerpt: "",
  });
  const probes: Probes = {
    resolveInside: (name) => Promise.resolve({ name, aliases: [], addresses: [address] }),
    resolvePublic: (name) => Promise.resolve({ name, aliases: [], addresses: ["203.0.113.9"] }),
    requestInside: () => Promise.resolve(answered(204, address)),
    requestPublic: () => Promise.resolve(answered(403, "203.0.113.9")),
    newestSampleMs: () => Promise.resolve(clock.nowMs() - 1_000),
  };
  return proveNetwork(probes, targetOf(networkId), { clock });
}

test("a network whose writes reach the private endpoint holds, from within and from on-premises", async () => {
  for (const networkId of [ids.vnet, hq]) {
    const { exit, paths } = await proofFrom(networkId, "10.1.9.4");
    assert.deepEqual([exit, paths[0]?.verdict], [0, "private"], networkId);
  }
});

test("public writes do not hold, and from on-premises the resolver is named first", async () => {
  const { exit, paths, network: name } = await proofFrom(hq, "203.0.113.9");
  assert.deepEqual([exit, paths[0]?.verdict, name], [1, "public", "hq"]);
  assert.match(
    paths[0]?.reasons[0] ?? "",
    /hq is on-premises and has no private zones; .* forwards nothing/,
  );
  const own = await proofFrom(ids.vnet, "203.0.113.9");
  assert.match(
    own.paths[0]?.reasons[0] ?? "",
    /^Outside/,
    "a virtual network's resolver needs no word",
  );
});

test("what is missing is said: a network that is gone, a workspace without an endpoint", () => {
  const gone = { networkId: `${hq}2`, workspaceId: ids.workspace };
  assert.equal(networkProofTarget(observed, gone), undefined);
  const bare = networkProofTarget(observed, { networkId: hq, workspaceId: `${ids.workspace}2` });
  assert.match(bare?.missing[0] ?? "", /There is no workspace/);
});
