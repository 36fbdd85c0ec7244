/** Texts of the agents of a cluster: Managed Prometheus's and Container insights', and the services that answer them. */
import { cloud } from "../../azure/index.ts";
import type { KnownText } from "./known-text.ts";

const telemetry = "github.com/microsoft/Docker-Provider source/plugins/go/src/telemetry.go";
const tokens =
  "github.com/microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go";
const collector = "github.com/Azure/prometheus-collector otelcollector/main/main.go";
const guide =
  "github.com/Azure/prometheus-collector tools/prom-collector-tsg-mcp, Firewall / Private Link / AMPLS";
const aks3796 = "github.com/Azure/AKS/issues/3796";

export const agentTexts: readonly KnownText[] = [
  {
    id: "configuration.endpoint-required",
    kind: "cause",
    fragments: ["data collection endpoint must be used to access configuration over private link"],
    example:
      "2025-06-02T08:11:04.1Z mdsd.err: Data collection endpoint must be used to access configuration over private link. ErrorCode: -2146172665",
    means:
      "The agent's request for its configuration came by a private link, and the service gives it none there: the cluster has no configurationAccessEndpoint, or the one that it has is not in the scope.",
    remedy:
      "Associate a data collection endpoint of the cluster's region with the cluster, link it to the scope, and delete the agent's pods.",
    checks: ["LS0202", "LS0205", "LS0501"],
    failures: ["F01", "F02", "F19"],
    source: telemetry,
  },
  {
    id: "configuration.redirected",
    kind: "passing",
    fragments: ["agent configuration needs to be acquired from", "endpoint which was configured"],
    example: `421 Misdirected Request: Agent configuration needs to be acquired from 'https://dce-q7lu.westeurope-1.handler.control.${cloud.monitorSuffix}' endpoint which was configured for this resource.`,
    means:
      "The global host sends the agent to the endpoint that its cluster is associated with. That is how it should be: the agent asks there next.",
    remedy: "Nothing; if the agent stops here, look at that endpoint's name and scope.",
    checks: ["LS0501", "LS0307"],
    failures: ["F01"],
    source: tokens,
  },
  {
    id: "configuration.redirect-followed",
    kind: "passing",
    fragments: ["mcs redirected to endpoint"],
    example: `mdsd.info: MCS redirected to endpoint https://dce-q7lu.westeurope-1.handler.control.${cloud.monitorSuffix}`,
    means: "The agent follows the redirect to its cluster's endpoint. The private way is in use.",
    remedy: "Nothing.",
    checks: ["LS0501"],
    failures: ["F01"],
    source: "Container insights log collector, MCS endpoint check",
  },
  {
    id: "configuration.not-obtained",
    kind: "symptom",
    fragments: ["could not obtain configuration from"],
    example: `mdsd.err: Could not obtain configuration from https://global.handler.control.${cloud.monitorSuffix} after 3 attempts`,
    means:
      "The configuration service did not answer the agent: its name, the way to its address, or the way out is shut.",
    remedy: "Run the checks; the first that fails says where.",
    checks: ["LS0306", "LS0307", "LS0401", "LS0402", "LS0404", "LS0501"],
    failures: ["F04", "F10"],
    source: telemetry,
  },
  {
    id: "agent.no-configuration",
    kind: "symptom",
    fragments: ["no configuration present for the aks resource"],
    example: "No configuration present for the AKS resource",
    means:
      "The metrics agent has had no configuration for more than five minutes; after fifteen its health probe answers 503 and the pod is restarted.",
    remedy: "It is a symptom: find why no configuration came.",
    checks: ["LS0202", "LS0205", "LS0501"],
    failures: ["F01", "F07", "F33"],
    source: collector,
  },
  {
    id: "agent.no-token-file",
    kind: "symptom",
    fragments: ["tokenconfig.json", "does not exist"],
    example:
      "/etc/mdsd.d/config-cache/metricsextension/TokenConfig.json does not exist, waiting for token",
    means: "The metrics agent has got neither configuration nor token yet.",
    remedy:
      "It comes two to three minutes after the cause is mended and the pods are deleted; find the cause.",
    checks: ["LS0202", "LS0205", "LS0501"],
    failures: ["F01", "F07", "F33"],
    source: collector,
  },
  {
    id: "agent.exporter-refused",
    kind: "symptom",
    fragments: ["127.0.0.1:55680", "connection refused"],
    example:
      'error exporterhelper Exporting failed. Dropping data. {"error": "failed to push metrics: dial tcp 127.0.0.1:55680: connect: connection refused"}',
    means:
      "The collector cannot hand its samples to the process beside it, which has not started because it has no configuration. It is the loudest line, and five steps behind the cause.",
    remedy: "Leave the port alone; find why no configuration came.",
    checks: ["LS0202", "LS0205", "LS0501"],
    failures: ["F07"],
    source: aks3796,
  },
  {
    id: "agent.exporter-dropping",
    kind: "symptom",
    fragments: ["exporting failed. dropping data"],
    example: 'otelcollector: Exporting failed. Dropping data. {"dropped_items": 1204}',
    means: "The collector gives up samples because nothing behind it takes them.",
    remedy: "Find why no configuration came, or why ingestion is refused.",
    checks: ["LS0202", "LS0205", "LS0501", "LS0504"],
    failures: ["F07"],
    source: aks3796,
  },
  {
    id: "agent.out-of-memory",
    kind: "symptom",
    fragments: ["ama-metrics", "oomkilled"],
    example: "kube-system ama-metrics-6d5f7 0/2 OOMKilled 14 (3m ago)",
    means:
      "The metrics agent keeps what it cannot send until its memory is gone: mostly a symptom of missing configuration.",
    remedy: "Find why it cannot send before giving it more memory.",
    checks: ["LS0202", "LS0501", "LS0504"],
    failures: ["F07"],
    source: guide,
  },
  {
    id: "agent.unhealthy",
    kind: "symptom",
    fragments: ["liveness probe failed", "statuscode: 503"],
    example:
      "Warning Unhealthy kubelet Liveness probe failed: HTTP probe failed with statuscode: 503",
    means:
      "The agent's health page says that it has had no configuration for fifteen minutes, and the kubelet restarts it.",
    remedy: "Find why no configuration came.",
    checks: ["LS0202", "LS0501"],
    failures: ["F07", "F33"],
    source: collector,
  },
  {
    id: "tls.handshake",
    kind: "cause",
    fragments: ["error in ssl handshake"],
    example: `mdsd.err: Error in SSL handshake with global.handler.control.${cloud.monitorSuffix}`,
    means:
      "A device on the way breaks or re-signs the agent's TLS: a firewall with inspection, mostly.",
    remedy: "Take the monitoring hosts out of TLS inspection.",
    checks: ["LS0404", "LS0401"],
    failures: ["F10"],
    source: guide,
  },
  {
    id: "ods.refused",
    kind: "cause",
    fragments: ["failed to upload to ods: 403"],
    example:
      "mdsd.err: Failed to upload to ODS: 403, Datatype: LINUX_SYSLOGS_BLOB, RequestId: 5f1c",
    means:
      "The Log Analytics workspace refuses ingestion by this way: it is closed to public networks, and either the workspace is not in the scope or its names lead out publicly.",
    remedy: "Link the workspace to the scope; then look at its names.",
    checks: ["LS0206", "LS0307", "LS0305"],
    failures: ["F13"],
    source: telemetry,
  },
  {
    id: "ods.unresolved",
    kind: "cause",
    fragments: ["failed to upload to ods:error resolving address"],
    example: "mdsd.err: Failed to upload to ODS:Error resolving address, retrying",
    means: "The workspace's ingestion name does not resolve in the cluster's network.",
    remedy: `Look at the zone privatelink.${cloud.odsSuffix}, its link and the workspace's record. A single such line can be a resolver's hiccup.`,
    checks: ["LS0307", "LS0302", "LS0305"],
    failures: ["F14"],
    source: telemetry,
  },
  {
    id: "oms.unresolved",
    kind: "cause",
    fragments: ["failed to register certificate with oms homing service:error resolving address"],
    example: `Failed to register certificate with OMS Homing Service:Error resolving address 6f8a.${cloud.omsSuffix}`,
    means: "The workspace's management name does not resolve in the cluster's network.",
    remedy: `Look at the zone privatelink.${cloud.omsSuffix}, its link and the workspace's record.`,
    checks: ["LS0307", "LS0302", "LS0305"],
    failures: ["F14"],
    source: telemetry,
  },
  {
    id: "oms.refused",
    kind: "cause",
    fragments: ["failed to register certificate with oms homing service"],
    example: "Failed to register certificate with OMS Homing Service: 403",
    means: "An agent with the workspace's key could not register with the workspace.",
    remedy: "Look whether the workspace is in the scope, and in which order it was closed.",
    checks: ["LS0206", "LS0212", "LS0307"],
    failures: ["F13", "F38"],
    source: telemetry,
  },
  {
    id: "ods.public-refused",
    kind: "cause",
    fragments: ["403 forbidden", "content-length: 0", "microsoft-iis/10.0"],
    example: "HTTP/1.1 403 Forbidden\nContent-Length: 0\nServer: Microsoft-IIS/10.0",
    means:
      "A Log Analytics workspace that is closed to public networks was asked by one: an empty 403 is how it refuses.",
    remedy: "Outside, that is as it should be; inside, look at names and scope.",
    checks: ["LS0206", "LS0305", "LS0307"],
    failures: ["F13"],
    source: "Microsoft's troubleshooting of AMPLS with AKS: refusal of ODS",
  },
  {
    id: "scope.not-in-subscription",
    kind: "symptom",
    fragments: ["no ampls scopes found in this subscription"],
    example: "No AMPLS scopes found in this subscription",
    means: "The collector of logs looks at one subscription; the scope can stand in another.",
    remedy: "Take a snapshot: it follows the resources by their ids.",
    checks: ["LS0101"],
    failures: ["F30"],
    source: "Container insights log collector, AMPLS check",
  },
];
