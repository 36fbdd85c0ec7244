/** Microsoft.Network/privateDnsZones/virtualNetworkLinks: a virtual network in which a private zone is in force. */
import { limits } from "../../core/index.ts";
import {
  boolean,
  id,
  object,
  oneOf,
  parseId,
  readOnly,
  required,
  sameId,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, reference, referringTo, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { countRecords } from "../private-link/zone-records.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, privateDnsVersions, resolutionPolicyVersion } from "./api-versions.ts";

const networkPath = "properties.virtualNetwork.id";

export const virtualNetworkLinks: ResourceType = {
  type: typeNames.virtualNetworkLinks,
  apiVersions: privateDnsVersions,
  scope: "parent",
  source:
    "learn.microsoft.com/azure/dns/private-dns-virtual-network-links; private-dns-fallback for the resolution policy",
  location: "global",
  name: networkName,
  properties: object({
    virtualNetwork: required(object({ id: required(id(typeNames.virtualNetworks)) })),
    registrationEnabled: boolean(false),
    resolutionPolicy: oneOf(["Default", "NxDomainRedirect"]),
    virtualNetworkLinkState: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "properties",
  keeps: ["etag"],
  validate,
  derive,
  deleteEffects: unlink,
  view: (resource, apiVersion) => {
    if (apiVersion === resolutionPolicyVersion) return resource;
    const { resolutionPolicy: _, ...properties } = resource.properties;
    return { ...resource, properties };
  },
};

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const vnetId = networkIdOf(body);
  const access = linkedAccess(context, {
    action: `${typeNames.virtualNetworks}/join/action`,
    scope: vnetId,
    target: networkPath,
  });
  if (access.length > 0) return access;
  return [
    ...networkProblems(vnetId, context),
    ...settingProblems(body, context),
    ...otherLinkProblems(vnetId, context),
  ];
}

const networkIdOf = (body: RequestBody): ResourceId =>
  stringAt(body.properties, "virtualNetwork", "id") ?? "";

function networkProblems(vnetId: ResourceId, { graph, previous }: TypeContext): readonly Problem[] {
  const target = networkPath;
  if (graph.get(vnetId) === undefined) {
    const message = `The virtual network '${vnetId}' was not found. Create it before linking it.`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const before = stringAt(previous?.properties, "virtualNetwork", "id");
  if (previous === undefined || sameId(before, vnetId)) return [];
  const message = `The virtual network of the link '${previous.name}' cannot be changed. Make another link.`;
  return [problem("PropertyChangeNotAllowed", message, { status: 409, target })];
}

function settingProblems(
  { properties }: RequestBody,
  { apiVersion, previous }: TypeContext,
): readonly Problem[] {
  const found: Problem[] = [];
  if (properties["registrationEnabled"] === true) {
    const target = "properties.registrationEnabled";
    const message =
      "Registration of machines' names is not emulated: registrationEnabled must be false.";
    found.push(problem("FeatureNotEmulated", message, { target }));
  }
  const policy = stringAt(properties, "resolutionPolicy");
  const isNew =
    policy !== undefined && policy !== stringAt(previous?.properties, "resolutionPolicy");
  if (isNew && apiVersion !== resolutionPolicyVersion) {
    const target = "properties.resolutionPolicy";
    const message = `api-version ${apiVersion} has no '${target}'; use ${resolutionPolicyVersion}.`;
    found.push(problem("InvalidRequestContent", message, { target }));
  }
  return found;
}

/** A network takes one zone of a name; a zone takes so many links. */
function otherLinkProblems(
  vnetId: ResourceId,
  { graph, id, parsed, previous }: TypeContext,
): readonly Problem[] {
  const zoneId = parsed.parentId ?? "";
  const zoneName = parseId(zoneId)?.name.toLowerCase();
  const links = graph.ofType(typeNames.virtualNetworkLinks);
  const same = referringTo(links, ["virtualNetwork", "id"], vnetId).find(
    (link) =>
      !sameId(link.id, id) &&
      parseId(parseId(link.id)?.parentId ?? "")?.name.toLowerCase() === zoneName,
  );
  if (same !== undefined) {
    const message = `The virtual network '${vnetId}' is already linked to a zone '${zoneName}' by '${same.id}'. A network takes one zone of a name.`;
    return [problem("Conflict", message, { status: 409, target: networkPath })];
  }
  const count = graph.under(zoneId, typeNames.virtualNetworkLinks).length;
  if (previous !== undefined || count < limits.linksPerZoneMax) return [];
  const message = `The zone has ${count} virtual network links; the limit is ${limits.linksPerZoneMax}. Remove one.`;
  return [problem("VirtualNetworkLinkLimitExceeded", message, { target: networkPath })];
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, apiVersion, previous } = context;
  const draft = draftOf(graph);
  const vnetId = networkIdOf(body);
  // A version that does not know the policy leaves it as it is (inferred).
  const kept =
    apiVersion === resolutionPolicyVersion
      ? undefined
      : stringAt(previous?.properties, "resolutionPolicy");
  const link = resourceOf(
    typeNames.virtualNetworkLinks,
    { body, context },
    {
      ...body.properties,
      virtualNetwork: reference(graph.get(vnetId)?.id ?? vnetId),
      resolutionPolicy: kept ?? stringAt(body.properties, "resolutionPolicy") ?? "Default",
      virtualNetworkLinkState: "Completed",
      provisioningState: "Succeeded",
    },
  );
  draft.put(link);
  countRecords(draft, context.parsed.parentId ?? "");
  return derivedFrom(draft, link);
}

function unlink(link: ArmResource, { graph, parsed }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  draft.delete(link.id);
  countRecords(draft, parsed.parentId ?? "");
  return draft.changes(link.id);
}
