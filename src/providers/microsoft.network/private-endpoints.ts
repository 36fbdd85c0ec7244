/** Microsoft.Network/privateEndpoints: addresses of a virtual network that lead to one resource, and to nothing else. */
import { id, list, object, oneOf, readOnly, refused, required, string } from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { endpointOf, targetConnection } from "../private-link/connection.ts";
import { reconcileOn } from "../private-link/reconcile.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { draftEndpoint } from "./draft-endpoint.ts";
import { endpointProblems } from "./endpoint-problems.ts";
import { showEndpoints } from "./subnet-list.ts";

const connections = () =>
  list(
    object({
      name: string({ charsMax: 80 }),
      id: readOnly(),
      type: readOnly(),
      etag: readOnly(),
      properties: required(
        object({
          privateLinkServiceId: required(id()),
          groupIds: required(list(string({ charsMax: 80 }), { countMin: 1, countMax: 1 })),
          requestMessage: string({ charsMax: 140 }),
          privateLinkServiceConnectionState: readOnly(),
          provisioningState: readOnly(),
        }),
      ),
    }),
    { countMax: 1 },
  );

export const privateEndpoints: ResourceType = {
  type: typeNames.privateEndpoints,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/javascript/api/@azure/arm-network/privateendpoint; az network private-endpoint, traced",
  location: "regional",
  name: networkName,
  properties: object({
    subnet: required(
      object({
        id: required(id(typeNames.subnets)),
        name: readOnly(),
        type: readOnly(),
        etag: readOnly(),
        properties: readOnly(),
      }),
    ),
    privateLinkServiceConnections: connections(),
    manualPrivateLinkServiceConnections: connections(),
    ipConfigurations: list(
      object({
        name: required(string({ charsMax: 80 })),
        id: readOnly(),
        type: readOnly(),
        etag: readOnly(),
        properties: required(
          object({
            groupId: required(string({ charsMax: 80 })),
            memberName: required(string({ charsMax: 260 })),
            privateIPAddress: required(string({ charsMax: 15 })),
          }),
        ),
      }),
    ),
    customNetworkInterfaceName: string({
      charsMax: 80,
      pattern: /^(?:[A-Za-z0-9](?:[\w.-]{0,78}\w)?)?$/,
      says: networkName.says,
    }),
    applicationSecurityGroups: list(refused("networks filter nothing."), { countMax: 0 }),
    ipVersionType: oneOf(["IPv4"], {
      refused: { IPv6: "addresses are IPv4.", DualStack: "addresses are IPv4." },
    }),
    customDnsConfigs: readOnly(),
    networkInterfaces: readOnly(),
    resourceGuid: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  keeps: ["etag"],
  validate: endpointProblems,
  derive: (body: RequestBody, context: TypeContext): Derived => {
    const { draft, resource } = draftEndpoint(body, context);
    return derivedFrom(draft, resource);
  },
  deleteEffects: withdraw,
};

/** The interface and the connection go with the endpoint; the target and the subnet no longer show it. */
function withdraw(resource: ArmResource, { graph }: TypeContext): readonly Change[] {
  const endpoint = endpointOf(resource);
  if (endpoint === undefined) return [];
  const draft = draftOf(graph);
  const connection = targetConnection(graph, endpoint);
  draft.delete(resource.id);
  draft.delete(endpoint.interfaceId);
  if (connection !== undefined) draft.delete(connection.id);
  reconcileOn(draft, [endpoint.targetId]);
  showEndpoints(draft, endpoint.subnetId);
  return draft.changes(resource.id);
}
