/** Clients of Azure's services over HTTP and DNS, for our own agent, command line and portal. */
export { agentConfigurationClient } from "./agent-configuration-client.ts";
export type {
  AgentConfiguration,
  AgentConfigurationClient,
  LogsConfigurationClient,
  IngestionToken,
  MetricsChannel,
} from "./agent-configuration-client.ts";
// How objects of the Kubernetes API are read: the same JSON values as ARM's.
export { at, isObject, listAt, stringAt } from "../arm/index.ts";
export type { Json, JsonObject } from "../arm/index.ts";
export { armClient, waitWhileProvisioning } from "./arm-client.ts";
export type { ArmClient, ArmClientOptions, ArmWrite } from "./arm-client.ts";
export { dnsClient } from "./dns-client.ts";
export type { DnsAnswer, DnsClient, DnsClientOptions } from "./dns-client.ts";
export { clientErrors } from "./errors.ts";
export { objectOf, retryAfterMs, serviceError } from "./json-answer.ts";
export { kubernetesClient } from "./kubernetes-client.ts";
export type {
  KubernetesClient,
  KubernetesClientOptions,
  KubernetesQuery,
} from "./kubernetes-client.ts";
export { inClusterAccess, readKubeconfig, serviceAccountFolder } from "./kubernetes-config.ts";
export type { KubernetesAccess, KubernetesCredential } from "./kubernetes-config.ts";
export {
  endpointSliceView,
  endpointsView,
  nodeView,
  podView,
  serviceView,
} from "./kubernetes-objects.ts";
export type {
  AddressView,
  ContainerView,
  EndpointsView,
  NamedValues,
  NodeView,
  ObjectView,
  PodView,
  PortView,
  ServiceView,
} from "./kubernetes-objects.ts";
export { makeLegacyAgent, registerLegacyAgent } from "./legacy-agent-client.ts";
export type { LegacyAgent, RegistrationWay } from "./legacy-agent-client.ts";
export { startReflector } from "./kubernetes-reflector.ts";
export type { Reflector, ReflectorOptions, ReflectorState } from "./kubernetes-reflector.ts";
export { armLogsQueryClient, logsQueryClient, LogsQueryError } from "./logs-query-client.ts";
export type { LogsAnswer, LogsQueryClient } from "./logs-query-client.ts";
export type {
  LogsChannel,
  LogsConfiguration,
  LogsSettings,
  NamespaceFilter,
  SyslogChoice,
} from "./logs-configuration.ts";
export { sendRecords } from "./records-client.ts";
export type { RecordsOutcome, RecordsRequest } from "./records-client.ts";
export { prometheusClient, QueryError } from "./prometheus-client.ts";
export type { PrometheusClient, QueryAnswer } from "./prometheus-client.ts";
export { sendWriteMessage, sendWriteRequest } from "./remote-write-client.ts";
export type { WriteOutcome, WriteTo } from "./remote-write-client.ts";
export { managedIdentityClient, tokenClient, workloadIdentityClient } from "./token-client.ts";
export type { TokenSource } from "./token-client.ts";
export { openTransport } from "./transport.ts";
export type {
  CertificateEvidence,
  PeerEvidence,
  Transport,
  TransportOptions,
  TransportRequest,
  TransportResponse,
} from "./transport.ts";
