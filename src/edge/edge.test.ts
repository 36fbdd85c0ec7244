/** The edge on real sockets: who gets where, over which way, and what the refused are told. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { audiences, cloud } from "../azure/index.ts";
import { edgeRig } from "./testing/edge-rig.ts";
import type { EdgeRig } from "./testing/edge-rig.ts";
import { hosts, ids, linkIds, principals } from "./testing/estate.ts";

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
});
afterEach(() => rig.reset());
after(() => rig.close());

const configurationPath = (side: "a" | "b"): string =>
  `${ids.cluster(side)}/agentConfigurations?operatingLocation=westeurope&platform=linux&api-version=2020-08-01-preview`;

test("the global handler host sends a cluster's agent to its endpoint, over a private link", async () => {
  const answer = await rig.ask({
    via: linkIds.scopeA,
    host: cloud.globalHandlerHost,
    path: configurationPath("a"),
    token: rig.token(principals.kubelet("a"), audiences.monitor),
  });
  assert.equal(answer.status, 421, answer.body);
  assert.equal(
    answer.headers["x-ms-agent-config-endpoint"],
    `https://${hosts.dce("a").configuration}`,
  );
});

test("the endpoint's handler host serves the configuration, over a private link", async () => {
  const answer = await rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").configuration,
    path: configurationPath("a"),
    token: rig.token(principals.kubelet("a"), audiences.monitor),
  });
  assert.equal(answer.status, 200, answer.body);
});
