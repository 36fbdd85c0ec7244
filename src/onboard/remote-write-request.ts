/** What the user asks for: a network's Prometheus writing into a workspace, over the private link of a scope. */
import { idProblem, parseId } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { networkTypes, onPremisesTypes, types } from "../rules/index.ts";
import type { Blocker } from "./plan-types.ts";

/** Who writes: an application with a secret, or a managed identity. */
export interface RemoteWriteSender {
  readonly clientId: string;
  /** The object id of its service principal: what a role is assigned to. */
  readonly principalId: string;
}

export interface RemoteWriteRequest {
  /** A virtual network, or the local network gateway or circuit that describes an on-premises network. */
  readonly networkId: ResourceId;
  readonly workspaceId: ResourceId;
  /** Need not exist. */
  readonly scopeId: ResourceId;
  /** The subnet for private endpoints, made if missing. */
  readonly subnetName: string;
  readonly sender: RemoteWriteSender;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is wrong with a request's ids; all of it. */
export function remoteWriteRequestProblems(request: RemoteWriteRequest): readonly Blocker[] {
  const wanted = [
    [
      request.networkId,
      [networkTypes.vnet, onPremisesTypes.local, onPremisesTypes.circuit],
      "network",
    ],
    [request.workspaceId, [types.workspace], "workspace"],
    [request.scopeId, [types.scope], "scope"],
  ] as const;
  const ids = wanted.flatMap(([id, allowed, what]): Blocker[] => {
    const problem = idProblem(id);
    if (problem !== undefined) {
      return [{ code: "InvalidId", id, says: `The ${what}'s id: ${problem}.` }];
    }
    const found = parseId(id)?.type ?? "";
    if (allowed.some((type) => type.toLowerCase() === found.toLowerCase())) return [];
    const says = `The ${what}'s id names a ${found}, not a ${allowed.join(" or ")}.`;
    return [{ code: "InvalidId", id, says }];
  });
  const { clientId, principalId } = request.sender;
  const named = [
    ["client id", clientId],
    ["principal id", principalId],
  ] as const;
  const senders = named.flatMap(([what, id]): Blocker[] =>
    guid.test(id) ? [] : [{ code: "InvalidId", id, says: `The sender's ${what} is no GUID.` }],
  );
  return [...ids, ...senders];
}
