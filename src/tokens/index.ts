/** Tokens: signing keys, access tokens and their verification, the login host, managed identities, ingestion tokens. */
export { bearerOf, issueToken, tokenIssuer, verifyToken } from "./access-token.ts";
export type { IssueOptions, Principal, Verification, VerifyOptions } from "./access-token.ts";
export { openAgentCertificates } from "./agent-certificates.ts";
export type { AgentCertificates } from "./agent-certificates.ts";
export { bootstrapCredential, openApplications } from "./applications.ts";
export type { Application, Applications, ApplicationWithSecret } from "./applications.ts";
export { tokenErrors } from "./errors.ts";
export {
  isIngestionToken,
  issueIngestionToken,
  verifyIngestionToken,
  verifyWorkspaceToken,
} from "./ingestion-token.ts";
export type { IngestionGrant, IngestionVerification } from "./ingestion-token.ts";
export type { JsonWebKeySet, TokenRefusal } from "./jwt.ts";
export { managedIdentityOf, managedIdentityTokens } from "./managed-identity-tokens.ts";
export type { ManagedIdentity } from "./managed-identity-tokens.ts";
export { openWorkspaceKeys } from "./workspace-keys.ts";
export { isSignedBy, signRegistration } from "./registration-signature.ts";
export { openSigningKey } from "./signing-key.ts";
export type { SigningKeys, SigningKeyOptions } from "./signing-key.ts";
export { tokenService } from "./token-service.ts";
export type { TokenServiceOptions } from "./token-service.ts";
