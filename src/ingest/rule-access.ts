/** Who may write into a data collection rule through an endpoint: the caller, the rule, their binding and the role. */
import { audiences } from "../azure/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { roleAccess } from "../rules/index.ts";
import { bearerOf, isIngestionToken, verifyIngestionToken } from "../tokens/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import { isBoundTo, ruleByImmutableId } from "./data-collection.ts";
import type { CollectionRule } from "./data-collection.ts";
import { authenticate, note, passes, refusal, unauthenticated } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";

export type RuleCaller =
  | { readonly kind: "principal"; readonly objectId: string }
  /** The holder of an ingestion token: it may write into one rule, which is this one or not. */
  | {
      readonly kind: "ingestion";
      readonly ownRule: boolean;
      /** The monitored resource that the token was issued to. */
      readonly targetId: string | undefined;
    }
  | { readonly kind: "refused"; readonly response: HttpResponse };

const SOURCE = "microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go";

/**
 * Who asks. Ingestion tokens are taken where agents write (`immutableId` is then the rule of the URL); elsewhere one is
 * an access token of a wrong issuer.
 */
export function ruleCaller(
  exchange: Exchange,
  immutableId: string | undefined,
  ingestionKey: SigningKeys,
): RuleCaller {
  const token = bearerOf(exchange.request.headers["authorization"]);
  if (immutableId !== undefined && token !== undefined && isIngestionToken(token)) {
    return ingestionCaller(exchange, token, { immutableId, ingestionKey });
  }
  const authentication = authenticate(exchange, audiences.monitor);
  return authentication.kind === "refused"
    ? authentication
    : { kind: "principal", objectId: authentication.principal.objectId };
}

function ingestionCaller(
  exchange: Exchange,
  token: string,
  asked: { readonly immutableId: string; readonly ingestionKey: SigningKeys },
): RuleCaller {
  const rule = ruleByImmutableId(exchange.publication.graph, asked.immutableId);
  const ruleImmutableId = rule?.immutableId ?? asked.immutableId;
  const jwks = asked.ingestionKey.jwks();
  const found = verifyIngestionToken(token, { jwks, ruleImmutableId, nowMs: exchange.nowMs });
  if (found.ok) {
    exchange.trail.principalId = `ingestion-token:${ruleImmutableId}`;
    return { kind: "ingestion", ownRule: true, targetId: found.grant.targetId };
  }
  if (found.code === "IngestionTokenForAnotherRule") {
    note(exchange, { rule: `token.${found.code}`, says: found.says, source: SOURCE });
    return { kind: "ingestion", ownRule: false, targetId: undefined };
  }
  return { kind: "refused", response: unauthenticated(exchange, found.code, found.says) };
}

export type FoundRule =
  | { readonly kind: "rule"; readonly rule: CollectionRule }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** The rule of an immutable id, when it takes data through the endpoint that was asked. */
export function boundRule({ publication, served }: Exchange, immutableId: string): FoundRule {
  const rule = ruleByImmutableId(publication.graph, immutableId);
  if (rule === undefined) {
    const says = `Data collection rule with immutable Id '${immutableId}' not found.`;
    return { kind: "refused", response: refusal("ResourceNotFound", says) };
  }
  return isBoundTo(rule, served.resourceId)
    ? { kind: "rule", rule }
    : { kind: "refused", response: accessRefusal(rule, { binding: false, rbac: "" }) };
}

/** The 403 of a caller who may not write into the rule, or undefined. */
export function refuseCaller(
  exchange: Exchange,
  caller: Exclude<RuleCaller, { kind: "refused" }>,
  { rule, dataAction }: { readonly rule: CollectionRule; readonly dataAction: string },
): HttpResponse | undefined {
  const refused = accessRefusal(rule, { binding: true, rbac: "False" });
  if (caller.kind === "ingestion") return caller.ownRule ? undefined : refused;
  const verdict = roleAccess(exchange.publication.graph, {
    principalId: caller.objectId,
    dataAction,
    scope: rule.rule.id,
  });
  return passes(exchange, verdict) ? undefined : refused;
}

/** Azure's own text. It is cut off after DcrArmId in every report of it, and so is ours. @see Azure/azure-sdk-for-net issue 37173 */
const accessRefusal = (
  { immutableId }: CollectionRule,
  result: { readonly binding: boolean; readonly rbac: "" | "False" },
): HttpResponse =>
  refusal(
    "OperationFailed",
    `The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '${immutableId}' ` +
      `PipelineAccessResult: AccessGranted: False, IsRbacPresent: ${result.rbac}, IsDcrDceBindingValid: ${result.binding ? "" : "False"}`,
  );
