/** Microsoft.Network/privateEndpoints/privateDnsZoneGroups: the zones that hold records of a private endpoint's names. */
import { limits } from "../../core/index.ts";
import {
  id,
  list,
  listAt,
  object,
  readOnly,
  required,
  sameId,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Json,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { endpointOf } from "../private-link/connection.ts";
import { reconcileOn } from "../private-link/reconcile.ts";
import { withdrawZoneGroup, zoneGroupsOf, zoneIdOf } from "../private-link/zone-records.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";

const listPath = "properties.privateDnsZoneConfigs";

export const privateDnsZoneGroups: ResourceType = {
  type: typeNames.privateDnsZoneGroups,
  apiVersions: networkVersions,
  scope: "parent",
  source:
    "learn.microsoft.com/azure/private-link/private-endpoint-dns; az network private-endpoint dns-zone-group, traced",
  location: "none",
  name: networkName,
  properties: object({
    privateDnsZoneConfigs: list(
      object({
        name: required(string({ charsMax: 80 })),
        id: readOnly(),
        type: readOnly(),
        etag: readOnly(),
        properties: required(
          object({
            privateDnsZoneId: required(id(typeNames.privateDnsZones)),
            recordSets: readOnly(),
            provisioningState: readOnly(),
          }),
        ),
      }),
      { countMax: limits.zoneConfigsPerGroupMax, default: [] },
    ),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "async",
  keeps: ["etag"],
  validate,
  derive,
  deleteEffects: withdraw,
};

const configsOf = (body: RequestBody): readonly Json[] =>
  listAt(body.properties, "privateDnsZoneConfigs");

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, parsed, id } = context;
  const others = zoneGroupsOf(graph, parsed.parentId ?? "").filter(
    (other) => !sameId(other.id, id),
  );
  if (others.length >= limits.zoneGroupsPerEndpointMax) {
    const message = `The private endpoint already has the DNS zone group '${others[0]?.name}'; the limit is ${limits.zoneGroupsPerEndpointMax}. Add the zones to that group.`;
    return [problem("PrivateDnsZoneGroupLimitExceeded", message, { status: 409 })];
  }
  return [
    ...repeated(body),
    ...configsOf(body).flatMap((config, index) => zoneProblems(context, config, index)),
  ];
}

function zoneProblems(context: TypeContext, config: Json, index: number): readonly Problem[] {
  const zoneId = zoneIdOf(config) ?? "";
  const target = `${listPath}[${index}].properties.privateDnsZoneId`;
  const access = linkedAccess(context, {
    action: `${typeNames.privateDnsZones}/join/action`,
    scope: zoneId,
    target,
  });
  if (access.length > 0) return access;
  if (context.graph.get(zoneId) !== undefined) return [];
  const message = `Resource ${zoneId} referenced by resource ${context.id} was not found. Please make sure that the referenced resource exists.`;
  return [problem("InvalidResourceReference", message, { target })];
}

function repeated(body: RequestBody): readonly Problem[] {
  const seen = new Set<string>();
  return configsOf(body).flatMap((config, index) => {
    const keys = [`name ${stringAt(config, "name")}`, `zone ${zoneIdOf(config)}`];
    return keys.flatMap((key) => {
      const lower = key.toLowerCase();
      if (!seen.has(lower)) {
        seen.add(lower);
        return [];
      }
      const message = `The ${key} stands in the group twice. Give it once.`;
      return [problem("InvalidRequestContent", message, { target: `${listPath}[${index}]` })];
    });
  });
}

/** Writes every record again, over whatever stood there: of two writers of one zone the last wins. */
function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, previous, id } = context;
  const draft = draftOf(graph);
  const endpoint = graph.get(context.parsed.parentId ?? "");
  if (previous !== undefined && endpoint !== undefined) {
    withdrawZoneGroup(draft, previous, endpoint.id);
  }
  const configs = configsOf(body).map((config): Json => ({
    name: stringAt(config, "name") ?? "",
    id: `${id}/privateDnsZoneConfigs/${stringAt(config, "name")}`,
    type: `${typeNames.privateDnsZoneGroups}/privateDnsZoneConfigs`,
    properties: {
      provisioningState: "Succeeded",
      privateDnsZoneId: graph.get(zoneIdOf(config) ?? "")?.id ?? "",
      recordSets: [],
    },
  }));
  const group = resourceOf(
    typeNames.privateDnsZoneGroups,
    { body, context },
    {
      provisioningState: "Succeeded",
      privateDnsZoneConfigs: configs,
    },
  );
  draft.put(group);
  const view = endpoint === undefined ? undefined : endpointOf(endpoint);
  if (view !== undefined) reconcileOn(draft, [view.targetId]);
  return derivedFrom(draft, group);
}

function withdraw(group: ArmResource, { graph, parsed }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  withdrawZoneGroup(draft, group, parsed.parentId ?? "");
  return draft.changes(group.id);
}
