/** A table over every combination of the inputs of each decision: the rules against the oracle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { combinations, compare } from "./combinations.ts";
import { nothingGiven } from "./given.ts";
import type { Ask, Given, Where } from "./given.ts";

const access = ["Enabled", "Disabled", "SecuredByPerimeter"] as const;
const modes = ["Open", "PrivateOnly"] as const;
const states = ["Approved", "Pending", "Rejected", "Disconnected"] as const;
const dns = ["linked", "records", "none"] as const;
const policies = ["none", "Default", "NxDomainRedirect"] as const;
const linked = [[], ["dce-1"], ["dce-2"], ["dce-1", "dce-2"]] as const;
const configurations = [undefined, "dce-1", "dce-2", "missing"] as const;
const places: readonly Where[] = [
  { kind: "public" },
  { kind: "vnet", vnet: "aks" },
  { kind: "vnet", vnet: "hub" },
  { kind: "through", endpoint: "pe-1" },
  { kind: "through", endpoint: "pe-q" },
];

type World = {
  links: readonly string[];
  access: (typeof access)[number];
  mode: (typeof modes)[number];
  state: (typeof states)[number];
  dns: (typeof dns)[number];
  zone: (typeof policies)[number];
  endpointIn: "aks" | "hub";
};

const worlds = {
  links: linked,
  access,
  mode: modes,
  state: states,
  dns,
  zone: policies,
  endpointIn: ["aks", "hub"],
} as const;

const givenOf = (world: World, rest: Partial<Given> = {}): Given => ({
  ...nothingGiven,
  vnets: [
    { name: "aks", prefix: "10.1.0.0/16" },
    { name: "hub", prefix: "10.2.0.0/16" },
  ],
  dces: [
    { name: "dce-1", region: "westeurope", public: world.access },
    { name: "dce-2", region: "eastus", public: "Enabled" },
  ],
  workspaces: [
    { name: "amw-1", region: "westeurope", public: world.access },
    { name: "amw-2", region: "westeurope", public: "Enabled" },
  ],
  scopes: [{ name: "ampls", links: world.links, ingestion: world.mode, query: world.mode }],
  endpoints: [
    { name: "pe-1", vnet: world.endpointIn, to: "ampls", state: world.state, dns: world.dns },
    { name: "pe-q", vnet: world.endpointIn, to: "amw-1", state: world.state, dns: world.dns },
  ],
  zones:
    world.zone === "none"
      ? []
      : [
          "privatelink.monitor.azure.com",
          "privatelink.westeurope.prometheus.monitor.azure.com",
        ].map((name) => ({
          name,
          links: ["aks"],
          policy: world.zone === "none" ? "Default" : world.zone,
        })),
  ...rest,
});

test("ingestion and queries are decided as the oracle decides, in every combination", () => {
  const outcomes = new Map<string, number>();
  const asks: readonly Ask[] = places.flatMap((from): Ask[] => [
    { ask: "ingest", from, to: "dce-1" },
    { ask: "ingest", from, to: "dce-2" },
    { ask: "query", from, to: "amw-1" },
    { ask: "query", from, to: "amw-2" },
  ]);
  for (const world of combinations<World>(worlds)) compare(givenOf(world), asks, outcomes);
  assert.deepEqual([...outcomes.keys()].sort(), ["allow", "deny", "unknown", "unreachable"]);
  assert.equal(
    [...outcomes.values()].reduce((sum, count) => sum + count),
    4 * 3 * 2 * 4 * 3 * 3 * 2 * asks.length,
  );
});

test("configuration is decided as the oracle decides, in every combination", () => {
  const outcomes = new Map<string, number>();
  const asks: readonly Ask[] = places.flatMap((from) =>
    ["global", "dce-1", "dce-2"].map((at): Ask => ({
      ask: "configuration",
      cluster: "prod",
      from,
      at,
    })),
  );
  // The access modes are left at one value: the first table shows that they do not decide.
  for (const configuration of configurations) {
    for (const world of combinations<World>({ ...worlds, mode: ["Open"] })) {
      compare(givenOf(world, { clusters: [{ name: "prod", configuration }] }), asks, outcomes);
    }
  }
  assert.deepEqual([...outcomes.keys()].sort(), ["redirect", "refuse", "serve", "unreachable"]);
});

test("names resolve as the oracle resolves them, in every combination", () => {
  const outcomes = new Map<string, number>();
  const names = [
    "global.handler.control.monitor.azure.com",
    "api.monitor.azure.com",
    "{configuration:dce-1}",
    "{logs:dce-1}",
    "{metrics:dce-2}",
    "{query:amw-1}",
    "{query:amw-2}",
  ];
  const asks: readonly Ask[] = places
    .slice(0, 3)
    .flatMap((from) =>
      ["A", "AAAA"].flatMap((recordType) =>
        names.map((name): Ask => ({ ask: "resolve", name, recordType, from })),
      ),
    );
  for (const world of combinations<World>({ ...worlds, mode: ["Open"], access: ["Enabled"] })) {
    compare(givenOf(world), asks, outcomes);
  }
  assert.deepEqual([...outcomes.keys()].sort(), ["nodata", "nxdomain", "private", "public"]);
});

type Topology = {
  access: (typeof access)[number];
  endpointIn: "aks" | "hub";
  peering: "none" | "Connected" | "Initiated" | "no-access";
  egress: "open" | "none" | "closed" | "patterns" | "denied" | "tag" | "unknown";
  zone: "aks" | "hub";
  dns: "azure" | "resolver" | "proxy" | "unknown";
};

const topologies = {
  access: ["Enabled", "Disabled"],
  endpointIn: ["aks", "hub"],
  peering: ["none", "Connected", "Initiated", "no-access"],
  egress: ["open", "none", "closed", "patterns", "denied", "tag", "unknown"],
  zone: ["aks", "hub"],
  dns: ["azure", "resolver", "proxy", "unknown"],
} as const;

const servers = {
  azure: [],
  resolver: ["dnspr"],
  proxy: ["fw"],
  unknown: ["10.1.7.7"],
} as const;

const patterns = ["*.handler.control.monitor.azure.com", "*.ingest.monitor.azure.com"];

/** A spoke and a hub: the endpoints, the firewall and the resolver stand in one of them. */
function networksOf(topology: Topology): Partial<Given> {
  const { peering, egress, zone, dns, endpointIn } = topology;
  const hop = { open: "Internet", none: "None", unknown: "10.1.9.9" }[String(egress)] ?? "fw";
  return {
    vnets: [
      { name: "aks", prefix: "10.1.0.0/16", dns: servers[dns] },
      { name: "hub", prefix: "10.2.0.0/16" },
    ],
    peerings:
      peering === "none"
        ? []
        : [
            {
              name: "aks",
              with: "hub",
              access: peering !== "no-access",
              forwarded: false,
              state: peering === "no-access" ? "Connected" : peering,
            },
          ],
    firewalls: [
      {
        name: "fw",
        vnet: "hub",
        allow: egress === "patterns" || egress === "denied" ? patterns : [],
        deny: egress === "denied" ? ["*.metrics.ingest.monitor.azure.com"] : [],
        networks: egress === "tag" ? ["AzureMonitor"] : [],
        proxy: dns === "proxy",
        servers: [],
      },
    ],
    routes: [{ name: "aks", of: "clients", to: "0.0.0.0/0", hop }],
    resolvers: [{ name: "dnspr", vnet: "hub" }],
    endpoints: [
      { name: "pe-1", vnet: endpointIn, to: "ampls", state: "Approved", dns: "records" },
      { name: "pe-q", vnet: endpointIn, to: "amw-1", state: "Approved", dns: "records" },
    ],
    zones: [
      "privatelink.monitor.azure.com",
      "privatelink.westeurope.prometheus.monitor.azure.com",
    ].map((name) => ({ name, links: [zone], policy: "Default" as const })),
  };
}

test("peerings, routes, firewalls and DNS servers are decided as the oracle decides, in every combination", () => {
  const outcomes = new Map<string, number>();
  const asks: readonly Ask[] = ["aks", "hub"].flatMap((vnet): Ask[] => {
    const from: Where = { kind: "vnet", vnet };
    return [
      { ask: "ingest", from, to: "dce-1" },
      { ask: "query", from, to: "amw-1" },
      { ask: "query", from, to: "amw-2" },
      { ask: "configuration", cluster: "prod", from, at: "global" },
      { ask: "resolve", name: "{metrics:dce-1}", recordType: "A", from },
    ];
  });
  const clusters = [{ name: "prod", configuration: "dce-1" }];
  const world = { links: ["dce-1"], mode: "Open", state: "Approved", dns: "records" } as const;
  let worldsSeen = 0;
  for (const topology of combinations<Topology>(topologies)) {
    const { access: flag, endpointIn } = topology;
    const base = { ...world, access: flag, endpointIn, zone: "none" as const };
    compare(givenOf(base, { ...networksOf(topology), clusters }), asks, outcomes);
    worldsSeen += 1;
  }
  assert.equal(worldsSeen, 2 * 2 * 4 * 7 * 2 * 4);
  assert.deepEqual([...outcomes.keys()].sort(), [
    "allow",
    "deny",
    "private",
    "public",
    "redirect",
    "servfail",
    "unreachable",
  ]);
});
