/** Reads what a client inside saw as an answer of the case language. What no outcome stands for is shown as it is. */
import assert from "node:assert/strict";
import { parseId } from "../../../src/arm/index.ts";
import type { Graph } from "../../../src/arm/index.ts";
import type { AccessEntry } from "../../../src/edge/index.ts";
import { endpointsOf, servedHosts } from "../../../src/rules/index.ts";
import type { Question } from "../link/case-graph.ts";
import type { Answer } from "../link/given.ts";
import type { Finding } from "./inside-client.ts";

export interface FindingContext {
  readonly graph: Graph;
  readonly question: Question;
  /** What the edge kept of the request; undefined where none arrived. */
  readonly entry: AccessEntry | undefined;
}

type Answered = Extract<Finding, { kind: "answered" }>;

/** The rules that spoke about the link: not those of tokens, roles and identities. */
export const linkRules = ({ reasons }: AccessEntry): readonly string[] =>
  reasons
    .map(({ rule }) => rule)
    .filter((rule) => !/^(role|token|error)\.|-identity$|without-endpoint$/.test(rule));

/** The answer that a finding stands for. Rules are left out: a client on a socket sees none. */
export function answerOf(finding: Finding, context: FindingContext): Answer {
  const { question } = context;
  if (question.ask === "resolve") return resolved(finding, context.graph);
  if (finding.kind === "failed") return unreachable(finding);
  assert.ok(finding.kind === "answered");
  return question.ask === "configuration"
    ? configuration(finding, context)
    : allowedOrNot(finding, context);
}

/** What resolvers of programs say where there is no address. @see c-ares ares_strerror(3) */
const resolverCodes: Readonly<Record<string, string>> = {
  ENOTFOUND: "nxdomain",
  ENODATA: "nodata",
  ESERVFAIL: "servfail",
};

function resolved(finding: Finding, graph: Graph): Answer {
  if (finding.kind === "failed") {
    return { outcome: resolverCodes[finding.code] ?? `${finding.code} ${finding.says}` };
  }
  assert.ok(finding.kind === "resolved");
  const [address] = finding.addresses;
  // An alias alone, asked for as such, is a name that has no address.
  if (address === undefined) return { outcome: "nodata" };
  const holder = endpointsOf(graph).find((endpoint) =>
    endpoint.addresses.some((one) => one.address === address),
  );
  return holder === undefined
    ? { outcome: "public", detail: address }
    : { outcome: "private", detail: holder.name };
}

/** No address, nothing there, or closed at once; by the gateway, refused for one of these. Anything else is no answer of a link. */
function unreachable({ code, says }: Extract<Finding, { kind: "failed" }>): Answer {
  const refusedByGateway =
    code === "ERR_PROXY_TUNNEL" && /NameNotResolved|AddressNotReachable|FirewallDenied/.test(says);
  const known =
    ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET"].includes(code) || refusedByGateway;
  return { outcome: known ? "unreachable" : `${code} ${says}` };
}

interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly innererror?: { readonly code?: string };
}

const errorOf = ({ body }: Answered): ErrorBody => {
  const value = body === "" ? {} : (JSON.parse(body) as { readonly error?: object });
  return value.error ?? {};
};

const asSeen = ({ status, body }: Answered): Answer => ({ outcome: `${status} ${body}` });

/** ODS refuses without a word, the query hosts within their own error, all others by the code. */
function isNetworkRefusal(answered: Answered, ask: Question["ask"]): boolean {
  if (answered.status !== 403) return false;
  if (ask === "send") return answered.body === "";
  const { code, innererror } = errorOf(answered);
  return (
    (ask === "logs" || ask === "arm-logs" ? innererror?.code : code) === "PublicNetworkAccessDenied"
  );
}

function allowedOrNot(answered: Answered, { question, entry }: FindingContext): Answer {
  const success = question.ask === "ingest" || question.ask === "write-logs" ? 204 : 200;
  if (answered.status === success) return { outcome: "allow" };
  if (!isNetworkRefusal(answered, question.ask) || entry === undefined) return asSeen(answered);
  // What nobody can decide is refused as what is forbidden; only the log tells them apart.
  const undecided = linkRules(entry).at(-1)?.endsWith("-perimeter") === true;
  return { outcome: undecided ? "unknown" : "deny" };
}

function configuration(answered: Answered, { graph, entry }: FindingContext): Answer {
  const { status, headers } = answered;
  const { code = "", message } = errorOf(answered);
  if (status === 200) return { outcome: "serve" };
  if (status === 421 && code === "MisdirectedAgentRequest") {
    const { hostname } = new URL(headers["x-ms-agent-config-endpoint"] ?? "");
    const dceId = servedHosts(graph).get(hostname)?.resourceId;
    return { outcome: "redirect", detail: parseId(dceId ?? "")?.name };
  }
  if (status !== 403) return asSeen(answered);
  if (entry?.origin === "private") {
    // Azure's own text. @see github.com/microsoft/Docker-Provider source/plugins/go/src/telemetry.go
    const text = "Data collection endpoint must be used to access configuration over private link.";
    return code === "InvalidAccess" && message === text ? { outcome: "refuse" } : asSeen(answered);
  }
  const known = ["InvalidAccess", "PublicNetworkAccessDenied", "AuthorizationFailed"];
  return known.includes(code) ? { outcome: "refuse" } : asSeen(answered);
}
