/** The probe as a POSIX shell script, for a pod or any host: getent or nslookup, curl and openssl, each where it is there. */
import { fixedAddresses } from "../../azure/index.ts";
import type { PlannedRequest, ProbePlan } from "./probe-plan.ts";
import { probeFunctions } from "./probe-functions.ts";

/** What a script needs of a plan: with hosts alone it resolves and connects. */
export type ScriptPlan = Pick<ProbePlan, "hosts"> & Partial<ProbePlan>;

/**
 * The script. It writes a fragment to its standard output and nothing else; tokens stay in its memory and folder.
 *
 * @param place where it is going to stand; a plan's cluster and network are named in the fragment when inside.
 */
export function probeScript(plan: ScriptPlan, place: "inside" | "outside"): string {
  const inside = place === "inside";
  const endpoint = `http://${fixedAddresses.instanceMetadata}/metadata/identity/oauth2/token`;
  return [
    "#!/bin/sh",
    "# A probe of linkscope: what this place sees of names, connections and answers. It changes nothing.",
    "# kubectl exec -n kube-system POD -c CONTAINER -i -- sh -s < this-file > fragment.txt",
    probeFunctions,
    `IDENTITIES=${quoted((plan.clientIds ?? []).join(" "))}`,
    `IMDS=${quoted(endpoint)}`,
    'put time "$(date +%s)"',
    call("put", "place", place),
    ...(inside && plan.clusterId !== undefined ? [call("put", "cluster", plan.clusterId)] : []),
    ...(inside && plan.vnetId !== undefined ? [call("put", "vnet", plan.vnetId)] : []),
    "proxies",
    ...hostLines(plan),
    ...(plan.requests ?? []).map(requestLine),
    ...sampleLines(plan),
    ...(inside ? [...(plan.files ?? []).map((path) => call("file", path)), "health"] : []),
    "finish",
    "",
  ].join("\n");
}

const hostLines = ({ hosts, azureResolver }: ScriptPlan): readonly string[] =>
  hosts.flatMap((host) => [
    call("resolve", host),
    ...(azureResolver === undefined ? [] : [call("compare", host, azureResolver)]),
    call("connect", host),
  ]);

/** `request HOST METHOD PURPOSE WHOSE PATH AUDIENCE CHANNEL BODY HEADER…`; the body is written as escapes of printf. */
function requestLine({ purpose, request }: PlannedRequest): string {
  const { host, method, path, audience, headers, body, ingestionToken: channel } = request;
  const issuer = channel === undefined ? "" : `https://${channel.host}${channel.path}`;
  const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return call(
    "request",
    host,
    method,
    purpose,
    request.asCluster === undefined ? "other" : "own",
    path,
    audience,
    issuer,
    printfEscapes(body),
    ...given,
  );
}

const printfEscapes = (body: Uint8Array | undefined): string =>
  [...(body ?? [])].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

function sampleLines({ clusterId, promql, requests }: ScriptPlan): readonly string[] {
  const audience = requests?.find(({ purpose }) => purpose === "metrics-query")?.request.audience;
  if (promql === undefined || clusterId === undefined || audience === undefined) return [];
  const path = `/api/v1/query?query=${encodeURIComponent(promql.query)}`;
  return [call("sample", clusterId, promql.host, path, audience)];
}

const call = (name: string, ...words: readonly string[]): string =>
  [name, ...words.map(quoted)].join(" ");

/** In single quotes, in which a shell acts on nothing. */
const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
