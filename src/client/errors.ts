/** Error codes of the clients: what a service of Azure, or the way to it, did. */
import { CodedError } from "../core/index.ts";
import type { ErrorCatalogue, ErrorEntry } from "../core/index.ts";

const world = (means: string, remedy: string, retry = true): ErrorEntry => ({
  status: 0,
  fault: "world",
  retry,
  means,
  remedy,
});

export const clientErrors = {
  NameNotFound: world(
    "The host's name has no address from here.",
    "Check the name, the virtual network's DNS and its zones.",
  ),
  ConnectionFailed: world("No connection to the host could be made, or it broke.", "Retry later."),
  CertificateRefused: world(
    "The server's certificate does not verify.",
    "Trust the authority that signed it, or reach the right server.",
    false,
  ),
  GatewayRefused: world(
    "The gateway opened no way to the host.",
    "Read the gateway's code; check the session's secret and the host.",
    false,
  ),
  RequestTimedOut: world("The answer did not come in time.", "Retry, or allow more time."),
  AnswerTooLarge: world("The answer has more bytes than the client takes.", "Ask for less.", false),
  AnswerUnreadable: world(
    "The answer is not what the service's protocol says.",
    "Check that the endpoint is the service's.",
    false,
  ),
  UrlRefused: world(
    "An answer pointed the client to another host, where its token must not go.",
    "Check that the endpoint is the service's own.",
    false,
  ),
  TooManyPages: world("A list has more pages than the client follows.", "Narrow the list.", false),
  OperationFailed: world("A long-running operation failed or was cancelled.", "Read why.", false),
  OperationTimedOut: world("A long-running operation did not end in time.", "Look at it later."),
  TokenNotIssued: world("No token was issued.", "Read the code of the login host.", false),
  IdentityNotIssued: world(
    "The managed-identity endpoint issued no token.",
    "Check that an identity is assigned here.",
    false,
  ),
  QueryFailed: world("The query was refused or failed.", "Read the error's type.", false),
  ConfigurationRefused: world(
    "The configuration service gave the agent no configuration.",
    "Read its text; check the association configurationAccessEndpoint and the private link.",
  ),
  ConfigurationUnreadable: world(
    "The agent's configuration lacks what its protocol says.",
    "Check that the endpoint is the configuration service's.",
  ),
  AgentRegistrationRefused: world(
    "The workspace did not register the legacy agent.",
    "Check the shared key, the clock, the private link, and that local authentication is on.",
  ),
  IngestionTokenRefused: world(
    "The configuration service issued no ingestion token.",
    "Read its text; check that the rule is still associated with the cluster.",
  ),
  KubeconfigInvalid: world(
    "The kubeconfig, or the pod's service account, cannot be used.",
    "Correct the file at the line and column.",
    false,
  ),
  KubeconfigExecRefused: world(
    "The kubeconfig runs a program for its credential, and this was not allowed.",
    "Allow it with --kubeconfig-exec if you trust the file.",
    false,
  ),
  KubernetesCredentialFailed: world(
    "The token for the Kubernetes API server cannot be had.",
    "Look at the token's file, or at the program that prints it.",
  ),
  KubernetesRefused: world(
    "The Kubernetes API server refused the request.",
    "Read its status; 403 asks for a role that may list and watch.",
  ),
  KubernetesListTooLong: world(
    "A list has more objects than the client keeps.",
    "Narrow it with namespaces or selectors.",
    false,
  ),
  DnsTimedOut: world("The resolver did not answer in time.", "Check the resolver; retry."),
  DnsUnreadable: world("The resolver's answer cannot be read.", "Check the resolver.", false),
} as const satisfies ErrorCatalogue;

/** A `CodedError` of this folder. */
export const clientError = (
  code: keyof typeof clientErrors,
  says: string,
  options: { readonly status?: number; readonly cause?: unknown } = {},
): CodedError => new CodedError(code, says, { status: 0, ...options });
