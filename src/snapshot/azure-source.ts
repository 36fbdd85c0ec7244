/** The way to real Azure: the machine's default credential and Azure's own pipeline, with proxies and CAs as the environment says. */
import type { JsonObject } from "../arm/index.ts";
import { clouds } from "../azure/index.ts";
import type { CloudName } from "../azure/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import { snapshotError } from "./errors.ts";
import type { ArmAnswer, ArmSend } from "./reads.ts";
import type { SnapshotSource } from "./take-snapshot.ts";

/** A token for ARM of a tenant; the credential's own where none is named. */
export type TenantTokens = (tenantId: string | undefined) => Promise<string>;

/**
 * Opens the way to a cloud. Azure's libraries are loaded here, and by nothing else. Proxies are those of HTTPS_PROXY and
 * NO_PROXY, further authorities those of NODE_EXTRA_CA_CERTS, which Node reads itself.
 *
 * @throws (the source) CodedError CredentialUnavailable, ConnectionFailed, AnswerTooLarge.
 */
export async function openAzure(name: CloudName): Promise<SnapshotSource> {
  const { armAudience, armHost } = clouds[name];
  const origin = `https://${armHost}`;
  const credential = await defaultCredential(name);
  const tokens: TenantTokens = (tenantId) => credential(armAudience, tenantId);
  return {
    cloud: name,
    source: "azure",
    origin,
    send: tenantAware(await pipelineSend(origin), tokens),
  };
}

/** Tokens of this machine's default credential, by audience. @throws (the source) CodedError CredentialUnavailable. */
export async function defaultTokens(
  name: CloudName,
): Promise<(audience: string) => Promise<string>> {
  const credential = await defaultCredential(name);
  return (audience) => credential(audience, undefined);
}

async function defaultCredential(name: CloudName) {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const credential = new DefaultAzureCredential({
    authorityHost: `https://${clouds[name].loginHost}`,
    additionallyAllowedTenants: ["*"],
  });
  return async (audience: string, tenantId: string | undefined): Promise<string> => {
    try {
      const options = tenantId === undefined ? {} : { tenantId };
      const { token } = await credential.getToken(`${audience}/.default`, options);
      return token;
    } catch (error) {
      const [first] = messageOf(error).split("\n");
      const says = `No credential gives a token for ${audience}: ${first} Sign in with \`az login\`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret or certificate.`;
      throw snapshotError("CredentialUnavailable", says, error);
    }
  };
}

/** One exchange with a given token. */
export type TokenSend = (request: Parameters<ArmSend>[0], token: string) => Promise<ArmAnswer>;

async function pipelineSend(origin: string): Promise<TokenSend> {
  const rest = await import("@azure/core-rest-pipeline");
  const pipeline = rest.createPipelineFromOptions({
    // Retries, waits and pages are the reads' own, the same for every source.
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: "linkscope" },
  });
  const client = rest.createDefaultHttpClient();
  return async ({ method, target, body }, token) => {
    const headers = rest.createHttpHeaders({
      accept: "application/json",
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    });
    const request = rest.createPipelineRequest({
      url: `${origin}${target}`,
      method,
      headers,
      timeout: limits.clientTimeoutMs,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    try {
      const response = await pipeline.sendRequest(client, request);
      const text = response.bodyAsText ?? "";
      return {
        status: response.status,
        headers: response.headers.toJSON(),
        body: Buffer.from(text),
      };
    } catch (error) {
      throw new CodedError("ConnectionFailed", `${method} ${origin}: ${messageOf(error)}`, {
        status: 0,
        cause: error,
      });
    }
  };
}

/**
 * Follows ids into other tenants: ARM refuses a token of the wrong tenant with 401 and names the right one, whose token is
 * then asked for, once for each subscription.
 * @see learn.microsoft.com/azure/azure-resource-manager/management/authenticate-multi-tenant
 */
export function tenantAware(send: TokenSend, tokens: TenantTokens): ArmSend {
  const tenants = new Map<string, string>();
  return async (request) => {
    const subscription = subscriptionIn(request.target);
    const answer = await send(request, await tokens(tenants.get(subscription)));
    const tenantId = answer.status === 401 ? tenantNamedBy(answer) : undefined;
    if (tenantId === undefined || tenants.get(subscription) === tenantId) return answer;
    tenants.set(subscription, tenantId);
    let token: string;
    try {
      token = await tokens(tenantId);
    } catch (error) {
      return refusedTenant(tenantId, messageOf(error));
    }
    const second = await send(request, token);
    return second.status === 401 ? refusedTenant(tenantId, "its token is refused as well") : second;
  };
}

const subscriptionIn = (target: string): string =>
  /^\/subscriptions\/([^/?]+)/i.exec(target)?.[1]?.toLowerCase() ?? "";

/** The tenant of `WWW-Authenticate: Bearer authorization_uri="https://login…/TENANT", error="invalid_token"`. */
const tenantNamedBy = ({ headers }: ArmAnswer): string | undefined =>
  /authorization_uri="https:\/\/[^/"]{1,200}\/([0-9a-fA-F-]{36})"/.exec(
    headers["www-authenticate"] ?? "",
  )?.[1];

function refusedTenant(tenantId: string, why: string): ArmAnswer {
  const error: JsonObject = {
    code: "InvalidAuthenticationTokenTenant",
    message: `The subscription is of tenant ${tenantId}, and there is no token for it: ${why}`,
  };
  return { status: 401, headers: {}, body: Buffer.from(JSON.stringify({ error })) };
}
