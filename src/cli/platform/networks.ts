/** Networks by name: a virtual network, or an on-premises network, which a local network gateway or a circuit describes. */
import { sameId, stringAt } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import type { CommandInput } from "../command.ts";
import type { Where } from "../exec/index.ts";
import { types } from "../types.ts";
import { listOfType, namesIn } from "./connect.ts";
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
    const known = namesIn(all.map(({ id }) => id));
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

/**
 * Refuses more than one of `--vnet`, `--network` and `--public`, before anything is asked.
 *
 * @throws CodedError WrongUse.
 */
export function refuseTwoPlaces(input: CommandInput): void {
  const places = ["vnet", "network"].filter((name) => input.text(name) !== undefined);
  if (places.length + (input.flag("public") ? 1 : 0) < 2) return;
  const says = "Give one place: in --vnet NAME, in --network NAME, or outside with --public.";
  throw new CodedError("WrongUse", says);
}

/** Where to stand in a network. */
export const standIn = ({ id, kind }: NamedNetwork): Where =>
  kind === "vnet" ? { kind, vnet: id } : { kind, network: id };
