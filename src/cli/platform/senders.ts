/** Who writes: the application or managed identity that a client id names, and the principal that a role is assigned to. */
import { readFileSync } from "node:fs";
import { stringAt } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import { types } from "../types.ts";
import { listOfType } from "./connect.ts";
import type { Connection } from "./connect.ts";

export interface Sender {
  readonly kind: "application" | "managed-identity";
  readonly clientId: string;
  readonly principalId: string;
}

/**
 * Finds the principal of a client id: the given one, a user-assigned identity's, or the bootstrap credential's. Azure
 * assigns roles to principals, and only Microsoft Graph tells which one an application's is.
 *
 * @throws CodedError NameNotFound
 */
export async function findSender(
  connection: Connection,
  asked: { readonly clientId: string; readonly principalId: string | undefined },
): Promise<Sender> {
  const { clientId, principalId } = asked;
  const isSame = (other: unknown): boolean =>
    typeof other === "string" && other.toLowerCase() === clientId.toLowerCase();
  for (const item of await listOfType(connection, types.identity.type)) {
    const id = stringAt(item, "id") ?? "";
    const identity = await connection.arm.get(id, types.identity.apiVersion);
    if (!isSame(stringAt(identity, "properties", "clientId"))) continue;
    const own = stringAt(identity, "properties", "principalId") ?? "";
    return { kind: "managed-identity", clientId, principalId: own };
  }
  if (principalId !== undefined) return { kind: "application", clientId, principalId };
  const credential = JSON.parse(readFileSync(connection.file.credential, "utf8")) as {
    readonly clientId: string;
    readonly objectId: string;
  };
  if (isSame(credential.clientId)) {
    return { kind: "application", clientId, principalId: credential.objectId };
  }
  const says = `No identity here has the client id '${clientId}', and only Microsoft Graph knows applications. Give the object id of its service principal with --principal-id.`;
  throw new CodedError("NameNotFound", says);
}
