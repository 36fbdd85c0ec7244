/** Error codes of tokens: why one is refused, and why the login host gives none. */
import type { ErrorCatalogue, ErrorEntry } from "../core/index.ts";

const refusedToken = (means: string, remedy: string): ErrorEntry => ({
  status: 401,
  fault: "caller",
  retry: false,
  means,
  remedy,
});
const askAnew = "Ask the login host for a new token.";

const refusedRequest = (status: number, means: string, remedy: string): ErrorEntry => ({
  status,
  fault: "caller",
  retry: false,
  means,
  remedy,
});

export const tokenErrors = {
  TokenTooLong: refusedToken("The bearer token has too many characters.", askAnew),
  TokenMalformed: refusedToken("The bearer token is not a signed JSON Web Token.", askAnew),
  TokenAlgorithmRefused: refusedToken(
    "The token is signed by another algorithm than RS256, or not at all.",
    askAnew,
  ),
  TokenHeaderRefused: refusedToken(
    "The token brings or names its own key, or has critical extensions.",
    askAnew,
  ),
  TokenKeyUnknown: refusedToken("The token is signed by a key that is not published.", askAnew),
  TokenSignatureInvalid: refusedToken("The token's signature does not fit its content.", askAnew),
  TokenExpired: refusedToken("The token is past its life.", askAnew),
  TokenNotYetValid: refusedToken(
    "The token's life has not begun.",
    "Set the clocks of both sides right.",
  ),
  TokenAudienceWrong: refusedToken(
    "The token is for another service.",
    "Ask for a token whose resource or scope is this service's audience.",
  ),
  TokenTenantWrong: refusedToken("The token is of another tenant.", "Sign in to this tenant."),
  TokenIssuerWrong: refusedToken("The token is from another issuer.", askAnew),
  IngestionTokenForAnotherRule: {
    status: 403,
    fault: "caller",
    retry: false,
    means: "The ingestion token opens another data collection rule.",
    remedy: "Ask the configuration endpoint for the ingestion token of this rule's channel.",
  },
  AADSTS7000215: refusedRequest(
    401,
    "The client secret is wrong.",
    "Use the application's current secret; rotate it if it is lost.",
  ),
  AADSTS7000216: refusedRequest(
    401,
    "The request has no client secret.",
    "Send client_secret in the form, or id and secret as HTTP Basic.",
  ),
  AADSTS700016: refusedRequest(
    400,
    "The tenant has no application of that id.",
    "Check the application (client) id and the tenant.",
  ),
  AADSTS90002: refusedRequest(400, "There is no such tenant.", "Check the tenant id in the path."),
  AADSTS500011: refusedRequest(
    400,
    "The tenant knows no service of that audience.",
    "Ask for one of the audiences that the message names.",
  ),
  AADSTS1002012: refusedRequest(
    400,
    "The scope does not end in /.default.",
    "Use the service's audience followed by /.default.",
  ),
  AADSTS70003: refusedRequest(
    400,
    "The grant type is not supported.",
    "Use grant_type=client_credentials.",
  ),
  AADSTS900144: refusedRequest(
    400,
    "The request lacks a parameter.",
    "Send the parameter that the message names.",
  ),
  ClientAssertionNotSupported: refusedRequest(
    400,
    "Certificates and federated assertions are not supported.",
    "Use a client secret.",
  ),
  TooManyTokenRequests: {
    status: 429,
    fault: "caller",
    retry: true,
    means: "Too many refused or simultaneous requests for one application.",
    remedy: "Wait for the seconds of Retry-After.",
  },
  LoginPathNotFound: refusedRequest(
    404,
    "The login host has no such path.",
    "Use the token, discovery or configuration paths of the compatibility page.",
  ),
  TooManyApplications: refusedRequest(
    400,
    "The tenant has the most applications it may have.",
    "Delete applications that are not used.",
  ),
  AgentCertificateRefused: {
    status: 403,
    fault: "caller",
    retry: false,
    means: "An agent registers with no certificate, with one that is over, or as one too many.",
    remedy: "Send a certificate in DER as Base64 that is alive; the message names the limit.",
  },
} as const satisfies ErrorCatalogue;
