/** Networks by name: a virtual network, or an on-premises network, which a local network gateway or a circuit describes. */
import { sameId, stringAt } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Where } from "../exec/index.ts";
import { types } from "../types.ts";
import { listOfType } from "./connect.ts";
import type { Connection } from "./connect.ts";

export interface NamedNetwork {
  readonly id: ResourceId;
  readonly kind: "vnet" | "on-premises";
}

const kinds = [
  [types.vnet.type, "vnet"],
  [types.localGateway.type, "on-premises"],
  [types.circuit.type, "on-premises"],
] as const;

/**
 * The network that a person named: an id as it is, a name if only one network has it.
 *
 * @throws CodedError NameNotFound, NameNotUnique.
 */
export async function findNetwork(connection: Connection, named: string): Promise<NamedNetwork> {
  const all: NamedNetwork[] = [];
  for (const [type, kind] of kinds) {
    for (const item of await listOfType(connection, type)) {
      const id = stringAt(item, "id");
      if (id !== undefined) all.push({ id, kind });
    }
  }
  const nameOf = (id: ResourceId): string => id.split("/").at(-1) ?? "";
  const found = all.filter(({ id }) =>
    named.startsWith("/") ? sameId(id, named) : nameOf(id).toLowerCase() === named.toLowerCase(),
  );
  const [first, second] = found;
  if (first === undefined) {
    const names = all.map(({ id }) => nameOf(id)).slice(0, 10);
    const known = names.length === 0 ? "There is none." : `There are: ${names.join(", ")}.`;
    const says = `No virtual network, local network gateway or ExpressRoute circuit is named '${named}'. ${known}`;
    throw new CodedError("NameNotFound", says);
  }
  if (second !== undefined) {
    const ids = found.map(({ id }) => id).join(", ");
    const says = `${found.length} networks are named '${named}'. Give the whole id: ${ids}.`;
    throw new CodedError("NameNotUnique", says);
  }
  return first;
}

/** Where to stand in a network. */
export const standIn = ({ id, kind }: NamedNetwork): Where =>
  kind === "vnet" ? { kind, vnet: id } : { kind, network: id };
