/** OMS: a workspace's own host for the management of legacy agents. They register here by the shared key, with a certificate of their own. */
import type { SharedKeySource } from "../arm/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { lawOf, odsAccess } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import { isSignedBy } from "../tokens/index.ts";
import type { AgentCertificates } from "../tokens/index.ts";
import { note, passes, refusal } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";

const topologyPath = "/agentservice.svc/linuxagenttopologyrequest";
const SOURCE =
  "microsoft/OMS-Agent-for-Linux installer/scripts/omsadmin.sh, source/code/plugins/agent_maintenance_script.rb";

export interface OmsContext {
  /** The shared keys, from their file: control is not asked. */
  readonly sharedKeys: Pick<SharedKeySource, "of">;
  readonly agentCertificates: AgentCertificates;
}

/**
 * Answers `POST /AgentService.svc/LinuxAgentTopologyRequest`: the registration of an agent, and its later calls by the
 * certificate that it registered.
 *
 * The order is 403 for who proves nothing (the service's own status, with a `<Reason>`), 403 of the private link, then 200
 * with where the agent goes next. Everything else at this host is refused by name.
 */
export async function answerOms(exchange: Exchange, context: OmsContext): Promise<HttpResponse> {
  const { publication, origin, served, request } = exchange;
  const workspaceId = served.resourceId ?? "";
  const law = lawOf(publication.graph, workspaceId);
  if (law === undefined) return { status: 403 };
  const problem = requestProblem(request);
  if (problem !== undefined) return problem;
  const body = await request.body(limits.agentRegistrationBytesMax);
  const proof = await proofOf(exchange, { law, body }, context);
  if (proof === "none") {
    return forbidden(
      exchange,
      "InvalidWorkspaceKey",
      "No key of the workspace signed the request.",
    );
  }
  if (!passes(exchange, odsAccess(publication.graph, { origin, workspaceId }))) {
    return { status: 403 };
  }
  if (law.localAuthDisabled) {
    const says = `${law.id} has features.disableLocalAuth: shared keys and agents' certificates open nothing.`;
    return forbidden(exchange, "LocalAuthenticationDisabled", says);
  }
  if (proof === "key") {
    const refused = await register(exchange, { law, body }, context);
    if (refused !== undefined) return refused;
  }
  exchange.trail.principalId = `agent:${agentIdIn(body)}`;
  return topology(law, agentIdIn(body));
}

function requestProblem({ path, method }: HttpRequest): HttpResponse | undefined {
  if (path.toLowerCase() !== topologyPath) {
    const says =
      `OMS serves no ${path} here. Emulated is AgentService.svc/LinuxAgentTopologyRequest; neither the renewal of ` +
      "certificates (ConfigurationService.Svc/RenewCertificate) nor management packs are: register anew instead.";
    return refusal("FeatureNotEmulated", says);
  }
  if (method === "POST") return undefined;
  return refusal("MethodNotAllowed", `${method} is not served here; use POST.`, { allow: "POST" });
}

interface Registration {
  readonly law: LawView;
  readonly body: Uint8Array;
}

/** `key`: a shared key signed the request; `certificate`: a registered agent's handshake did. */
async function proofOf(
  exchange: Exchange,
  { law, body }: Registration,
  { sharedKeys, agentCertificates }: OmsContext,
): Promise<"key" | "certificate" | "none"> {
  const { request, certificateThumbprint, nowMs } = exchange;
  const { authorization } = request.headers;
  if (authorization === undefined) {
    const known =
      certificateThumbprint !== undefined &&
      agentCertificates.opens(law.customerId, certificateThumbprint);
    return known ? "certificate" : "none";
  }
  const date = request.headers["x-ms-date"] ?? "";
  const skewMs = Math.abs(Date.parse(date) - nowMs);
  if (!(skewMs <= limits.agentRegistrationSkewMs)) {
    const says = `x-ms-Date is '${date.slice(0, 60)}'; it must be within ${limits.agentRegistrationSkewMs} ms of now.`;
    note(exchange, { rule: "oms.date", says, source: "inferred" });
    return "none";
  }
  const { primarySharedKey, secondarySharedKey } = await sharedKeys.of(law.customerId);
  const signed = isSignedBy(
    {
      authorization,
      date,
      contentHash: request.headers["x-ms-sha256_content"] ?? "",
      body,
    },
    { customerId: law.customerId, sharedKeys: [primarySharedKey, secondarySharedKey] },
  );
  return signed ? "key" : "none";
}

async function register(
  exchange: Exchange,
  { law, body }: Registration,
  { agentCertificates }: OmsContext,
): Promise<HttpResponse | undefined> {
  const text = elementIn(body, "AuthenticationCertificate").replaceAll(/\s/g, "");
  try {
    const der = Buffer.from(text, "base64");
    await agentCertificates.register(law.customerId, { der });
    return undefined;
  } catch (error) {
    if (!(error instanceof CodedError) || error.status !== 403) throw error;
    return forbidden(exchange, error.code, error.message);
  }
}

/** The text of the first element of that name, as the agents write it: without a prefix, escapes or comments. */
function elementIn(body: Uint8Array, name: string): string {
  const text = Buffer.from(body).toString("utf8");
  const start = text.indexOf(`<${name}>`);
  const end = text.indexOf(`</${name}>`, start);
  return start < 0 || end < 0 ? "" : text.slice(start + name.length + 2, end);
}

/** The agent's id, where it is a GUID. */
function agentIdIn(body: Uint8Array): string {
  const id = elementIn(body, "EntityTypeId").trim();
  return /^[0-9a-fA-F-]{36}$/.test(id) ? id.toLowerCase() : "unknown";
}

const namespace = "http://schemas.microsoft.com/WorkloadMonitoring/HealthServiceProtocol/2014/09/";
const xml = { "content-type": "application/xml; charset=utf-8" };

/** Agents print the `<Reason>`. That `InvalidWorkspaceKey` is the service's is seen in OMS-Agent-for-Linux issue 723; the element around it, and other reasons, are ours. */
function forbidden(exchange: Exchange, reason: string, says: string): HttpResponse {
  note(exchange, { rule: `oms.${reason}`, says, source: SOURCE });
  const body = `<?xml version="1.0" encoding="utf-8"?><Error xmlns="${namespace}"><Reason>${reason}</Reason></Error>`;
  return { status: 403, headers: xml, body };
}

/** Where the agent goes next. The two endpoints exist, and refuse by name what they are for. @see OMS-Agent-for-Linux test/code/plugins/agent_maintenance_script_test.rb */
function topology({ hosts, customerId }: LawView, agentId: string): HttpResponse {
  const node = `https://${hosts.agentService}/Accounts/${customerId}/Nodes(AgentId='${agentId}')`;
  const body =
    '<?xml version="1.0" encoding="utf-8"?>' +
    `<LinuxAgentTopologyResponse queryInterval="PT1H" telemetryReportInterval="PT10M" id="${agentId}" xmlns="${namespace}">` +
    `<CertificateUpdateEndpoint updateCertificate="false">https://${hosts.oms}/ConfigurationService.Svc/RenewCertificate</CertificateUpdateEndpoint>` +
    `<DscConfiguration><Endpoint>${node}</Endpoint></DscConfiguration></LinuxAgentTopologyResponse>`;
  return { status: 200, headers: xml, body };
}
