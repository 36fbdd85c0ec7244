/** A Prometheus configuration that writes into a workspace: text for people and for Prometheus. Never a secret in it. */
import { audiences, cloud } from "../azure/index.ts";

/** How Prometheus signs in: `oauth2` in every version, `azuread` from 2.48 on (2.45 for a managed identity). */
export type PrometheusSignIn =
  | { readonly kind: "oauth2"; readonly clientSecretFile: string }
  | { readonly kind: "azuread" }
  | { readonly kind: "managed-identity" };

export interface PrometheusTarget {
  /** `https://….metrics.ingest.monitor.azure.com`. */
  readonly metricsUrl: string;
  readonly dcrImmutableId: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly signIn: PrometheusSignIn;
  /** Set as the label `cluster` of every sample. */
  readonly cluster: string;
}

/** What stands in the place of a secret that Prometheus takes in its file only; `linkscope render prometheus` fills it in. */
export const secretPlaceholder = "CLIENT_SECRET";

/** Where a rule takes remote write. @see learn.microsoft.com/azure/azure-monitor/containers/prometheus-remote-write */
export const remoteWriteUrl = (metricsUrl: string, dcrImmutableId: string): string =>
  `${metricsUrl}/dataCollectionRules/${dcrImmutableId}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;

/** The configuration's text, YAML. `scrape_configs` are the user's own to add. */
export function prometheusConfiguration(target: PrometheusTarget): string {
  return [
    "global:",
    "  external_labels:",
    `    cluster: ${JSON.stringify(target.cluster)}`,
    "",
    "remote_write:",
    `  - url: ${JSON.stringify(remoteWriteUrl(target.metricsUrl, target.dcrImmutableId))}`,
    ...signInLines(target).map((line) => `    ${line}`),
    "    queue_config:",
    "      # Without this Prometheus drops what is answered with 429, and Azure Monitor answers so when a limit is met.",
    "      retry_on_http_429: true",
    "    # Prometheus ignores the proxy variables. Where a proxy must be used, as with `linkscope exec --gateway`, run",
    "    # `linkscope render prometheus` there: it sets proxy_url, here and in oauth2, from the environment.",
    "",
  ].join("\n");
}

function signInLines({ signIn, clientId, tenantId }: PrometheusTarget): readonly string[] {
  const id = JSON.stringify(clientId);
  switch (signIn.kind) {
    case "oauth2":
      return [
        "oauth2:",
        `  client_id: ${id}`,
        "  # A file that holds the secret and nothing else, readable by Prometheus alone (0600).",
        `  client_secret_file: ${JSON.stringify(signIn.clientSecretFile)}`,
        `  token_url: https://${cloud.loginHost}/${tenantId}/oauth2/v2.0/token`,
        `  scopes: ["${audiences.monitor}.default"]`,
      ];
    case "azuread":
      return [
        "# From Prometheus 2.48 on.",
        "azuread:",
        "  cloud: AzurePublic",
        "  oauth:",
        `    client_id: ${id}`,
        "    # This block takes no file: `linkscope render prometheus --client-secret-file` writes the secret into a 0600 file.",
        `    client_secret: ${secretPlaceholder}`,
        `    tenant_id: ${JSON.stringify(tenantId)}`,
      ];
    case "managed-identity":
      return [
        "# From Prometheus 2.45 on.",
        "azuread:",
        "  cloud: AzurePublic",
        "  managed_identity:",
        `    client_id: ${id}`,
      ];
  }
}
