/** Clients of Azure's services over HTTP and DNS, for our own agent, command line and portal. */
export { agentConfigurationClient } from "./agent-configuration-client.ts";
export type {
  AgentConfiguration,
  AgentConfigurationClient,
  IngestionToken,
  MetricsChannel,
} from "./agent-configuration-client.ts";
export { armClient, waitWhileProvisioning } from "./arm-client.ts";
export type { ArmClient, ArmClientOptions, ArmWrite } from "./arm-client.ts";
export { dnsClient } from "./dns-client.ts";
export type { DnsAnswer, DnsClient, DnsClientOptions } from "./dns-client.ts";
export { clientErrors } from "./errors.ts";
export { objectOf, retryAfterMs, serviceError } from "./json-answer.ts";
export { prometheusClient } from "./prometheus-client.ts";
export type { PrometheusClient, QueryAnswer } from "./prometheus-client.ts";
export { sendWriteMessage, sendWriteRequest } from "./remote-write-client.ts";
export type { WriteOutcome, WriteTo } from "./remote-write-client.ts";
export { managedIdentityClient, tokenClient } from "./token-client.ts";
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
