/** Texts of other clients: Prometheus, queries, resolvers, firewalls, TLS. */
import { cloud } from "../../azure/index.ts";
import type { KnownText } from "./known-text.ts";

const remoteWrite =
  "learn.microsoft.com/azure/azure-monitor/containers/prometheus-remote-write-troubleshooting";
const endpointDns = "learn.microsoft.com/azure/private-link/private-endpoint-dns-integration";

export const clientTexts: readonly KnownText[] = [
  {
    id: "remote-write.refused",
    kind: "cause",
    fragments: ["server returned http status 403 forbidden"],
    example: `msg="non-recoverable error" url=https://dce-q7lu.westeurope-1.metrics.ingest.${cloud.monitorSuffix} err="server returned HTTP status 403 Forbidden: "`,
    means:
      "A write is refused. Three causes look alike: the role is missing or not yet in force, it is assigned at the wrong resource, or the endpoint refuses this network.",
    remedy:
      "Assign Monitoring Metrics Publisher at the data collection rule and allow thirty minutes; if the role is there, look at the endpoint and the scope.",
    checks: ["LS0502", "LS0205", "LS0504"],
    failures: ["F34"],
    source: remoteWrite,
  },
  {
    id: "remote-write.timeout",
    kind: "symptom",
    fragments: ["context deadline exceeded"],
    example: `Post "https://dce-q7lu.westeurope-1.metrics.ingest.${cloud.monitorSuffix}/dataCollectionRules/dcr-1": context deadline exceeded`,
    means: "No answer came in time: the address is not reached, or something on the way drops it.",
    remedy: "Look at the address that the name leads to, and at routes, rules and firewalls.",
    checks: ["LS0304", "LS0401", "LS0402"],
    failures: ["F05", "F09", "F10", "F34"],
    source: "github.com/open-telemetry/opentelemetry-collector-contrib/issues/43660",
  },
  {
    id: "logs-ingestion.no-access",
    kind: "cause",
    fragments: [
      "the authentication token provided does not have access to ingest data for the data collection rule",
    ],
    example:
      '{"error":{"code":"OperationFailed","message":"The authentication token provided does not have access to ingest data for the data collection rule with immutable Id \'dcr-1\' PipelineAccessResult: AccessGranted: False, IsRbacPresent: False, IsDcrDceBindingValid: , DcrArmId: "}}',
    means: "The sender has no role at the data collection rule, or not yet.",
    remedy: "Assign Monitoring Metrics Publisher at the rule and allow thirty minutes.",
    checks: ["LS0502"],
    failures: ["F34"],
    source: "github.com/Azure/azure-sdk-for-net/issues/37173",
  },
  {
    id: "logs-query.no-access",
    kind: "cause",
    fragments: [
      "the provided credentials have insufficient access to perform the requested operation",
    ],
    example:
      '{"error":{"message":"The provided credentials have insufficient access to perform the requested operation","code":"InsufficientAccessError","correlationId":""}}',
    means:
      "The query is refused: a role is missing, or the workspace refuses queries from this network.",
    remedy: "Compare the same query from inside the network and from outside.",
    checks: ["LS0603", "LS0604"],
    failures: ["F13", "F15"],
    source: "github.com/Azure/azure-sdk-for-net/issues/37173",
  },
  {
    id: "metrics-query.no-access",
    kind: "cause",
    fragments: ["you do not have query access"],
    example: "You do not have query access",
    means:
      "A workbook's query of an Azure Monitor workspace was refused: the browser stands outside the private network, or a role is missing.",
    remedy: "Open it from the private network; look at the workspace's own private endpoint.",
    checks: ["LS0602"],
    failures: ["F15", "F17"],
    source: "learn.microsoft.com/azure/azure-monitor/visualize/prometheus-workbooks",
  },
  {
    id: "metrics-query.provider-unregistered",
    kind: "refusal",
    fragments: [
      "failed to authorize the request. register the 'microsoft.monitor' resource provider",
    ],
    example:
      "403 Failed to authorize the request. Register the 'Microsoft.Monitor' resource provider on the resource's subscription and try again.",
    means:
      "A query by resource needs the provider Microsoft.Monitor in the resource's subscription.",
    remedy: "az provider register --namespace Microsoft.Monitor",
    checks: [],
    failures: [],
    source: "learn.microsoft.com/azure/azure-monitor/metrics/prometheus-resource-scoped-queries",
  },
  {
    id: "metrics.quota",
    kind: "refusal",
    fragments: ["activetimeseries quota requested exceeds the maximum limit of"],
    example: "ActiveTimeSeries quota requested exceeds the maximum limit of 20000000",
    means: "More active time series were asked for than a workspace can have.",
    remedy: "Ask for less, or divide the clusters among workspaces.",
    checks: [],
    failures: [],
    source: "learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits",
  },
  {
    id: "firewall.no-rule",
    kind: "cause",
    fragments: ["deny", "no rule matched"],
    example: `HTTPS request from 10.240.0.4:51312 to global.handler.control.${cloud.monitorSuffix}:443. Action: Deny. No rule matched. Proceeding with default action`,
    means:
      "A firewall drops the agent's traffic: either the traffic should not come to it at all, since a private endpoint should take it, or a name that stays public is not allowed.",
    remedy: "`linkscope export firewall` gives the rules that are needed with a private link.",
    checks: ["LS0401", "LS0405", "LS0305"],
    failures: ["F06", "F10"],
    source: "learn.microsoft.com/azure/firewall/monitor-firewall-reference",
  },
  {
    id: "tls.privatelink-name",
    kind: "refusal",
    fragments: ["certificate", ".privatelink."],
    example: `x509: certificate is valid for *.${cloud.odsSuffix}, not 6f8a.privatelink.${cloud.odsSuffix}`,
    means:
      "The privatelink name itself was asked. Certificates are for the public names, which lead to the private address by themselves.",
    remedy: "Use the public name, without `privatelink.`.",
    checks: [],
    failures: ["F39"],
    source:
      "Container insights log collector, note on its probes; github.com/influxdata/telegraf/issues/16400",
  },
  {
    id: "dns.global-nxdomain",
    kind: "cause",
    fragments: ["can't find global.handler.control.monitor.azure", "nxdomain"],
    example: `** server can't find global.handler.control.${cloud.monitorSuffix}: NXDOMAIN`,
    means:
      "A private zone is linked to the network and holds no record for the host that every agent asks first.",
    remedy: "Finish the scope's endpoint and its zone group, or unlink the empty zone.",
    checks: ["LS0306", "LS0303", "LS0302"],
    failures: ["F04"],
    source: "github.com/Azure/Azure-Landing-Zones/issues/270",
  },
  {
    id: "dns.ods-nxdomain",
    kind: "cause",
    fragments: ["can't find", ".opinsights.azure", "nxdomain"],
    example: `** server can't find 6f8a.${cloud.odsSuffix}: NXDOMAIN`,
    means:
      "A zone of the Log Analytics workspaces is linked, and this workspace has no record in it.",
    remedy:
      "Link the workspace to the scope, and see that the endpoint's zone group has all five zones.",
    checks: ["LS0307", "LS0206", "LS0302"],
    failures: ["F14", "F24"],
    source: endpointDns,
  },
  {
    id: "dns.workspace-nxdomain",
    kind: "cause",
    fragments: ["can't find", ".prometheus.monitor.azure", "nxdomain"],
    example: `** server can't find amw-2-e4c4gvcgcqd7awhw.westeurope.${cloud.prometheusSuffix}: NXDOMAIN`,
    means:
      "The workspace has a private endpoint in another network, and this network's zone of the region has no record of it.",
    remedy: "Give the workspace an endpoint whose records stand in this network's zone.",
    checks: ["LS0309"],
    failures: ["F17"],
    source:
      "learn.microsoft.com/azure/azure-monitor/metrics/azure-monitor-workspace-private-endpoint",
  },
  {
    id: "dns.no-such-host",
    kind: "cause",
    fragments: ["lookup ", "monitor.azure.", "no such host"],
    example: `dial tcp: lookup dce-q7lu.westeurope-1.metrics.ingest.${cloud.monitorSuffix} on 10.0.0.10:53: no such host`,
    means: "A monitoring host does not resolve in the pod.",
    remedy: "Look at the zones that the network sees, and at the resource's place in the scope.",
    checks: ["LS0307", "LS0306", "LS0303"],
    failures: ["F02", "F04", "F26"],
    source: "github.com/Azure/Azure-Landing-Zones/issues/270",
  },
  {
    id: "arm.authorization",
    kind: "cause",
    fragments: ["does not have authorization to perform action"],
    example:
      "(AuthorizationFailed) The client 'a@b' with object id '1' does not have authorization to perform action 'Microsoft.Insights/privateLinkScopes/read' over scope '/subscriptions/2'",
    means: "Azure Resource Manager refuses the caller at this scope.",
    remedy: "`linkscope snapshot save --print-role` prints the least role that reading needs.",
    checks: ["LS0101"],
    failures: ["F30"],
    source: "learn.microsoft.com/azure/role-based-access-control/troubleshooting",
  },
];
