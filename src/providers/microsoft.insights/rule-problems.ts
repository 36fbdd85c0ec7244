/** What is wrong with a data collection rule: its references, regions, streams and destinations. */
import { listAt, regionKey, sameId, stringAt } from "../../arm/index.ts";
import type {
  ArmResource,
  Json,
  Problem,
  RequestBody,
  ResourceId,
  TypeContext,
} from "../../arm/index.ts";
import { logFlowProblems, logSourceProblems } from "./log-rule-problems.ts";
import { linkedAccess, problem } from "../problems.ts";
import { invalidRule } from "./rule-queries.ts";
import { streamsNamed } from "../../azure/index.ts";
import { typeNames } from "../type-names.ts";

/** The stream of Managed Prometheus. */
export const prometheusStream = "Microsoft-PrometheusMetrics";

/** The only key that `labelIncludeFilter` takes. @see azure-rest-api-specs, dataCollection.json */
const labelFilterKey = "microsoft_metrics_include_label";

const regionSource =
  "learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-endpoint-overview";

export function ruleProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const details = [
    ...sourceProblems(body),
    ...logSourceProblems(body),
    ...flowProblems(body),
    ...logFlowProblems(body, context),
  ];
  const references = [
    ...endpointProblems(body, context),
    ...accountProblems(body, context),
    ...lawProblems(body, context),
  ];
  // Azure's envelope: one `InvalidPayload`, the mistakes as its details.
  const payload = details.length === 0 ? [] : [invalidRule(), ...details];
  return [...payload, ...references];
}

function sourceProblems(body: RequestBody): readonly Problem[] {
  return listAt(body.properties, "dataSources", "prometheusForwarder").flatMap((source, index) => {
    const target = `properties.dataSources.prometheusForwarder[${index}]`;
    const keys = Object.keys((source as Record<string, Json>)["labelIncludeFilter"] ?? {});
    const unknown = keys.filter((key) => key !== labelFilterKey);
    const filter = unknown.map((key) =>
      problem(
        "InvalidLabelIncludeFilter",
        `'labelIncludeFilter' takes the key '${labelFilterKey}' only, not '${key}'.`,
        { target },
      ),
    );
    return [...streamProblems(source, target), ...filter];
  });
}

/** Each flow carries streams to destinations that the rule has, metrics to one kind and logs to the other. */
function flowProblems(body: RequestBody): readonly Problem[] {
  const named = (kind: string): readonly string[] =>
    listAt(body.properties, "destinations", kind).map(
      (destination) => stringAt(destination, "name") ?? "",
    );
  const accounts = named("monitoringAccounts");
  const destinations = [...accounts, ...named("logAnalytics")];
  const repeated = destinations.filter((name, index) => destinations.indexOf(name) !== index);
  const names = repeated.map((name) =>
    problem("InvalidDestination", `The destination name '${name}' is given twice.`, {
      target: "properties.destinations",
    }),
  );
  const flows = listAt(body.properties, "dataFlows").flatMap((flow, index) => {
    const target = `properties.dataFlows[${index}]`;
    const missing = listAt(flow, "destinations").filter(
      (name) => !destinations.includes(String(name)),
    );
    const isMetrics = listAt(flow, "destinations").some((name) => accounts.includes(String(name)));
    const isLogs = listAt(flow, "destinations").some(
      (name) => destinations.includes(String(name)) && !accounts.includes(String(name)),
    );
    return [
      ...(isMetrics || !isLogs ? streamProblems(flow, target) : []),
      ...missing.map((name) =>
        problem(
          "InvalidDestination",
          `The destination '${String(name)}' is not defined in the rule.`,
          { target },
        ),
      ),
    ];
  });
  return [...names, ...flows, ...uncarried(body)];
}

/** A source's stream that no flow carries goes nowhere. */
function uncarried(body: RequestBody): readonly Problem[] {
  const carried = new Set(
    listAt(body.properties, "dataFlows").flatMap((flow) => listAt(flow, "streams")),
  );
  return ["prometheusForwarder", "extensions", "syslog"].flatMap((kind) =>
    listAt(body.properties, "dataSources", kind).flatMap((source, index) =>
      listAt(source, "streams")
        .filter((stream) => isKnown(String(stream)) && !isCarried(String(stream), carried))
        .map((stream) =>
          problem("InvalidStream", `No data flow carries the stream '${String(stream)}'.`, {
            target: `properties.dataSources.${kind}[${index}]`,
          }),
        ),
    ),
  );
}

const isKnown = (stream: string): boolean =>
  stream === prometheusStream || streamsNamed(stream).length > 0;

/** A group is carried by itself, or by all of its streams; a stream by itself or by its group. */
function isCarried(stream: string, carried: ReadonlySet<Json>): boolean {
  if (carried.has(stream)) return true;
  const all = new Set([...carried].flatMap((one) => streamsNamed(String(one))));
  const members = streamsNamed(stream);
  return members.length > 0 && members.every((member) => all.has(member));
}

const streamProblems = (holder: Json, target: string): readonly Problem[] =>
  listAt(holder, "streams")
    .filter((stream) => stream !== prometheusStream)
    .map((stream) =>
      problem(
        "InvalidStream",
        `The stream '${String(stream)}' is not supported; '${prometheusStream}' is.`,
        { target },
      ),
    );

/** A new endpoint exists, in the rule's region, and the caller may read it (the action is inferred). One that stands already was checked. */
function endpointProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const endpointId = stringAt(body.properties, "dataCollectionEndpointId");
  const target = "properties.dataCollectionEndpointId";
  if (endpointId === undefined) return [];
  const before = context.previous?.properties;
  if (sameId(stringAt(before, "dataCollectionEndpointId"), endpointId)) return [];
  const access = linkedAccess(context, {
    action: `${typeNames.dataCollectionEndpoints}/read`,
    scope: endpointId,
    target,
  });
  if (access.length > 0) return access;
  const endpoint = context.graph.get(endpointId);
  if (endpoint === undefined) return [notFound(endpointId, target)];
  return regionProblem({
    what: "data collection endpoint",
    region: endpoint.location,
    rule: body.location,
    target,
  });
}

function accountProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const path = "properties.destinations.monitoringAccounts";
  return listAt(body.properties, "destinations", "monitoringAccounts").flatMap(
    (destination, index) => {
      const target = `${path}[${index}].accountResourceId`;
      const resourceId = stringAt(destination, "accountResourceId") ?? "";
      const account = context.graph.get(resourceId);
      const mismatch = accountIdProblems(destination, { account, target });
      if (mismatch.length > 0 || sendsTo(context.previous, resourceId)) return mismatch;
      const action = `${typeNames.workspaces}/read`;
      const access = linkedAccess(context, { action, scope: resourceId, target });
      if (access.length > 0) return access;
      if (account === undefined) return [notFound(resourceId, target)];
      const what = "Azure Monitor workspace";
      return regionProblem({ what, region: account.location, rule: body.location, target });
    },
  );
}

/** A new Log Analytics workspace exists, in the rule's region, and the caller may read it (the action is inferred). */
function lawProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const path = "properties.destinations.logAnalytics";
  const before = listAt(context.previous?.properties, "destinations", "logAnalytics");
  return listAt(body.properties, "destinations", "logAnalytics").flatMap((destination, index) => {
    const target = `${path}[${index}].workspaceResourceId`;
    const resourceId = stringAt(destination, "workspaceResourceId") ?? "";
    if (before.some((one) => sameId(stringAt(one, "workspaceResourceId"), resourceId))) return [];
    const action = `${typeNames.logAnalyticsWorkspaces}/read`;
    const access = linkedAccess(context, { action, scope: resourceId, target });
    if (access.length > 0) return access;
    const law = context.graph.get(resourceId);
    if (law === undefined) return [notFound(resourceId, target)];
    const what = "Log Analytics workspace";
    return regionProblem({ what, region: law.location, rule: body.location, target });
  });
}

/** Whether a rule sends to a workspace already: that was checked when it came. */
const sendsTo = (rule: ArmResource | undefined, resourceId: ResourceId): boolean =>
  listAt(rule?.properties, "destinations", "monitoringAccounts").some((one) =>
    sameId(stringAt(one, "accountResourceId"), resourceId),
  );

function accountIdProblems(
  destination: Json,
  { account, target }: { readonly account: ArmResource | undefined; readonly target: string },
): readonly Problem[] {
  const given = stringAt(destination, "accountId") ?? "";
  const known = stringAt(account?.properties, "accountId");
  if (account === undefined || given === "" || sameId(given, known)) return [];
  const message = `The account id of '${account.id}' is '${known}', not '${given}'. Leave accountId out.`;
  return [problem("InvalidRequestContent", message, { target })];
}

const notFound = (resourceId: string, target: string): Problem =>
  problem(
    "LinkedResourceNotFound",
    `The resource '${resourceId}' was not found. Create it before the rule.`,
    {
      status: 404,
      target,
    },
  );

/** A rule stands in the region of its endpoint and of its destinations. */
function regionProblem(pair: {
  readonly what: string;
  readonly region: string | undefined;
  readonly rule: string | undefined;
  readonly target: string;
}): readonly Problem[] {
  if (regionKey(pair.region ?? "") === regionKey(pair.rule ?? "")) return [];
  const message = `The ${pair.what} is in '${pair.region}' and the data collection rule in '${pair.rule}'. Put both in one region (${regionSource}).`;
  return [problem("InvalidRegion", message, { target: pair.target })];
}
