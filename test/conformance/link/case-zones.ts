/** The private DNS of a case as full ARM resources: zones, links and records. */
import type { ArmResource, ResourceId } from "../../../src/arm/index.ts";
import { privateAlias, scopeZones } from "../../../src/azure/index.ts";
import { addressOf, hostsBehind, idOf, resource, writtenOut } from "./case-graph.ts";
import type { Given, GivenZone } from "./given.ts";

interface DraftZone {
  readonly id: ResourceId;
  readonly name: string;
  readonly policy: GivenZone["policy"];
  readonly links: Set<string>;
  readonly records: Map<string, string>;
}

/** The private zones of a case: those given, and those that its endpoints make, with their links and records. */
export function zoneResources(given: Given): readonly ArmResource[] {
  const zones = new Map<ResourceId, DraftZone>();
  const zoneOf = (name: string, owner?: string): DraftZone => {
    const id = owner === undefined ? idOf.zone(name) : idOf.ownZone(owner, name);
    const known = zones.get(id);
    if (known !== undefined) return known;
    const { links = [], policy = "Default" } = given.zones.find((one) => one.name === name) ?? {};
    const made: DraftZone = {
      id,
      name,
      policy,
      links: new Set(owner === undefined ? links : []),
      records: new Map(),
    };
    zones.set(id, made);
    return made;
  };
  for (const { name } of given.zones) zoneOf(name);
  for (const [index, endpoint] of given.endpoints.entries()) {
    if (endpoint.dns === "none") continue;
    const owner = endpoint.dns === "own" ? endpoint.name : undefined;
    const toScope = given.scopes.some(({ name }) => name === endpoint.to);
    const hosts = hostsBehind(given, endpoint);
    const names = toScope ? scopeZones : hosts.flatMap((host) => privateAlias(host)?.zone ?? []);
    for (const name of names) {
      if (endpoint.dns !== "records") zoneOf(name, owner).links.add(endpoint.vnet);
    }
    for (const [at, host] of hosts.entries()) {
      const alias = privateAlias(host);
      if (alias !== undefined) {
        zoneOf(alias.zone, owner).records.set(alias.recordName, addressOf(given, index, at));
      }
    }
  }
  for (const record of given.records) {
    const name = writtenOut(given, record.name);
    const zone = [...zones.values()]
      .filter((one) => name.endsWith(`.${one.name}`))
      .sort((a, b) => b.name.length - a.name.length)[0];
    if (zone === undefined) throw new Error(`no given zone holds ${name}`);
    zone.records.set(name.slice(0, -zone.name.length - 1), record.address);
  }
  return [...zones.values()].flatMap(resourcesOfZone);
}

const resourcesOfZone = ({
  id,
  name,
  policy,
  links,
  records,
}: DraftZone): readonly ArmResource[] => [
  resource(id, "Microsoft.Network/privateDnsZones", {}, { location: "global" }),
  ...[...links].map((vnet) =>
    resource(
      `${id}/virtualNetworkLinks/${vnet}`,
      "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
      {
        virtualNetwork: { id: idOf.vnet(vnet) },
        registrationEnabled: false,
        resolutionPolicy: policy,
      },
      { location: "global" },
    ),
  ),
  ...[...records].map(([record, address]) =>
    resource(`${id}/A/${record}`, "Microsoft.Network/privateDnsZones/A", {
      ttl: 10,
      fqdn: `${record}.${name}.`,
      aRecords: [{ ipv4Address: address }],
    }),
  ),
];
