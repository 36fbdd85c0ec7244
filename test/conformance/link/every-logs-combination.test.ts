/** A table over every combination of what decides about logs: the rules against the oracle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { combinations, compare } from "./combinations.ts";
import { nothingGiven } from "./given.ts";
import type { Ask, Given, Where } from "./given.ts";

const access = ["Enabled", "Disabled", "SecuredByPerimeter"] as const;
const modes = ["Open", "PrivateOnly"] as const;
const places: readonly Where[] = [
  { kind: "public" },
  { kind: "vnet", vnet: "aks" },
  { kind: "through", endpoint: "pe-1" },
  { kind: "through", endpoint: "pe-q" },
];

type World = {
  links: readonly string[];
  ingestion: (typeof access)[number];
  query: (typeof access)[number];
  mode: (typeof modes)[number];
  own: (typeof modes)[number] | "none";
  state: "Approved" | "Pending";
  zone: "none" | "NxDomainRedirect";
  endpointIn: "aks" | "hub";
};

const worlds: { readonly [Name in keyof World]: readonly World[Name][] } = {
  links: [[], ["law-1"], ["law-2", "dce-1"]],
  ingestion: access,
  query: access,
  mode: modes,
  own: ["none", ...modes],
  state: ["Approved", "Pending"],
  zone: ["none", "NxDomainRedirect"],
  endpointIn: ["aks", "hub"],
};

const givenOf = (world: World): Given => ({
  ...nothingGiven,
  vnets: [
    { name: "aks", prefix: "10.1.0.0/16" },
    { name: "hub", prefix: "10.2.0.0/16" },
  ],
  dces: [{ name: "dce-1", region: "westeurope", public: world.ingestion }],
  workspaces: [{ name: "amw-1", region: "westeurope", public: "Enabled" }],
  laws: [
    { name: "law-1", region: "westeurope", ingestion: world.ingestion, query: world.query },
    { name: "law-2", region: "westeurope", ingestion: "Enabled", query: "Enabled" },
  ],
  scopes: [
    {
      name: "ampls",
      links: world.links,
      ingestion: world.mode,
      query: world.mode,
      exclusions: world.own === "none" ? [] : [{ endpoint: "pe-1", query: world.own }],
    },
  ],
  endpoints: [
    { name: "pe-1", vnet: world.endpointIn, to: "ampls", state: world.state, dns: "linked" },
    { name: "pe-q", vnet: world.endpointIn, to: "amw-1", state: world.state, dns: "none" },
  ],
  zones:
    world.zone === "none"
      ? []
      : ["privatelink.monitor.azure.com", "privatelink.ods.opinsights.azure.com"].map((name) => ({
          name,
          links: ["aks"],
          policy: "NxDomainRedirect" as const,
        })),
});

test("ingestion and queries of logs are decided as the oracle decides, in every combination", () => {
  const outcomes = new Map<string, number>();
  const asks: readonly Ask[] = places.flatMap((from): Ask[] => [
    { ask: "send", from, to: "law-1" },
    { ask: "logs", from, to: "law-1" },
    { ask: "logs", from, to: "law-2" },
    { ask: "write-logs", from, to: "dce-1" },
    // No private endpoint leads to ARM.
    ...(from.kind === "through" ? [] : [{ ask: "arm-logs", from, to: "law-1" } as const]),
  ]);
  let worldsSeen = 0;
  for (const world of combinations<World>(worlds)) {
    compare(givenOf(world), asks, outcomes);
    worldsSeen += 1;
  }
  assert.equal(worldsSeen, 3 * 3 * 3 * 2 * 3 * 2 * 2 * 2);
  assert.deepEqual([...outcomes.keys()].sort(), ["allow", "deny", "unknown", "unreachable"]);
});

test("the hosts of workspaces resolve as the oracle resolves them, in every combination", () => {
  const outcomes = new Map<string, number>();
  const names = [
    "api.loganalytics.azure.com",
    "api.loganalytics.io",
    "api.monitor.azure.com",
    "{ods:law-1}",
    "{oms:law-1}",
    "{agentService:law-2}",
  ];
  const asks: readonly Ask[] = places
    .slice(0, 2)
    .flatMap((from) => names.map((name): Ask => ({ ask: "resolve", name, recordType: "A", from })));
  const fixed = {
    mode: ["Open"],
    own: ["none"],
    ingestion: ["Enabled"],
    query: ["Enabled"],
  } as const;
  for (const world of combinations<World>({ ...worlds, ...fixed })) {
    compare(givenOf(world), asks, outcomes);
  }
  assert.deepEqual([...outcomes.keys()].sort(), ["nxdomain", "private", "public"]);
});
