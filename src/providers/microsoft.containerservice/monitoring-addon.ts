/** The add-on of Container insights (`omsagent`) of a managed cluster: which workspace it names, and who it is. */
import { idKey, idProblem, isObject, parseId, sameId, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, Problem, RequestBody, TypeContext } from "../../arm/index.ts";
import { stableGuid } from "../declared.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

/** The add-on's name, and the keys of its configuration, in the spelling that they are stored in. Clients send others too. */
const addonName = "omsagent";
const workspaceKey = "logAnalyticsWorkspaceResourceID";
const configKeys: readonly string[] = [workspaceKey, "useAADAuth"];

const target = `properties.addonProfiles.${addonName}`;

/** The add-ons of a cluster with the monitoring add-on under one name, its newest words winning. */
function foldedAddons(properties: JsonObject): JsonObject {
  const addons = properties["addonProfiles"];
  const folded = new Map<string, Json>();
  for (const [name, addon] of Object.entries(isObject(addons) ? addons : {})) {
    if (addon === undefined) continue;
    const key = sameId(name, addonName) ? addonName : name;
    folded.set(
      key,
      key === addonName ? { ...asObject(folded.get(key)), ...foldedConfig(addon) } : addon,
    );
  }
  return Object.fromEntries(folded);
}

function foldedConfig(addon: Json): JsonObject {
  const { config, ...rest } = asObject(addon);
  if (!isObject(config)) return rest;
  const folded = Object.entries(config).map(([key, value]): [string, Json | undefined] => [
    configKeys.find((known) => sameId(known, key)) ?? key,
    value,
  ]);
  return { ...rest, config: Object.fromEntries(folded) };
}

const asObject = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** What is wrong with the monitoring add-on and with `azureMonitorProfile.containerInsights`, where they are on. */
export function monitoringProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { properties } = body;
  const addon = asObject(foldedAddons(properties)[addonName]);
  const profile = asObject(asObject(properties["azureMonitorProfile"])["containerInsights"]);
  const found: Problem[] = [];
  const before = namedBefore(context);
  if (addon["enabled"] === true) {
    const at = `${target}.config.${workspaceKey}`;
    const workspaceId = stringAt(addon, "config", workspaceKey);
    found.push(...configProblems(addon));
    if (!before.has(idKey(workspaceId ?? ""))) {
      found.push(...workspaceProblems(workspaceId, at, context));
    }
  }
  if (profile["enabled"] === true) {
    const at = "properties.azureMonitorProfile.containerInsights.logAnalyticsWorkspaceResourceId";
    const workspaceId = stringAt(profile, "logAnalyticsWorkspaceResourceId");
    if (!before.has(idKey(workspaceId ?? ""))) {
      found.push(...workspaceProblems(workspaceId, at, context));
    }
  }
  return found;
}

/** The workspaces that the cluster names already: they were checked when they came. */
function namedBefore({ previous }: TypeContext): ReadonlySet<string> {
  const addon = stringAt(previous?.properties, "addonProfiles", addonName, "config", workspaceKey);
  const profile = stringAt(
    previous?.properties,
    "azureMonitorProfile",
    "containerInsights",
    "logAnalyticsWorkspaceResourceId",
  );
  return new Set([addon, profile].flatMap((id) => (id === undefined ? [] : idKey(id))));
}

function configProblems(addon: JsonObject): readonly Problem[] {
  const config = asObject(addon["config"]);
  const unknown = Object.keys(config).filter((key) => !configKeys.includes(key));
  const found = unknown.map((key) =>
    problem("FeatureNotEmulated", `The setting '${key}' of the add-on is not emulated.`, {
      target: `${target}.config.${key}`,
    }),
  );
  const auth = config["useAADAuth"];
  if (auth === undefined || /^(?:true|false)$/i.test(String(auth))) return found;
  const message = `'useAADAuth' is the string "true" or "false", not '${String(auth)}'.`;
  return [
    ...found,
    problem("InvalidParameter", message, { target: `${target}.config.useAADAuth` }),
  ];
}

/** The right that the service asks for is the one to the shared keys, with managed identities too. @see GitHub Azure/AKS issues on LinkedAuthorizationFailed of the monitoring add-on */
function workspaceProblems(
  workspaceId: string | undefined,
  at: string,
  context: TypeContext,
): readonly Problem[] {
  if (workspaceId === undefined) {
    const message = `Container insights needs a workspace: '${at}' is missing.`;
    return [problem("InvalidParameter", message, { target: at })];
  }
  const says = idProblem(workspaceId);
  const type = parseId(workspaceId)?.type;
  if (says !== undefined || !sameId(type, typeNames.logAnalyticsWorkspaces)) {
    const message = `'${at}': ${says ?? `it names a '${type}', not a '${typeNames.logAnalyticsWorkspaces}'`}.`;
    return [problem("InvalidParameter", message, { target: at })];
  }
  const access = linkedAccess(context, {
    action: `${typeNames.logAnalyticsWorkspaces}/sharedkeys/read`,
    scope: workspaceId,
    target: at,
  });
  if (access.length > 0) return access;
  if (context.graph.get(workspaceId) !== undefined) return [];
  const message = `The workspace '${workspaceId}' was not found. Create it before the add-on is enabled.`;
  return [problem("InvalidResourceReference", message, { target: at })];
}

/**
 * The add-ons as they are stored. The monitoring add-on has an identity while it is on (its name is inferred), and
 * nothing when it is off, as az leaves it.
 */
export function storedAddons(
  properties: JsonObject,
  {
    id,
    nodeGroupId,
    name,
  }: { readonly id: string; readonly nodeGroupId: string; readonly name: string },
): JsonObject {
  const addons = foldedAddons(properties);
  const addon = addons[addonName];
  if (!isObject(addon)) return addons;
  const stored: JsonObject =
    addon["enabled"] === true
      ? {
          enabled: true,
          config: addon["config"],
          identity: {
            resourceId: `${nodeGroupId}/providers/${typeNames.userAssignedIdentities}/${addonName}-${name}`,
            clientId: stableGuid("omsagent client", id),
            objectId: stableGuid("omsagent object", id),
          },
        }
      : { enabled: false };
  return { ...addons, [addonName]: stored };
}
