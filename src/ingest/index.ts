/** Ingestion: remote write into workspaces, and the agent configuration that leads there. */
export { answerAgentConfiguration } from "./agent-configuration.ts";
export type { AgentConfigurationContext } from "./agent-configuration.ts";
export { ingestErrors } from "./errors.ts";
export { authenticate, networkRefusal, note, passes, refusal } from "./exchange.ts";
export type { Authentication, Exchange, Trail } from "./exchange.ts";
export { answerMetricsIngestion } from "./metrics-ingestion.ts";
export type { MetricsIngestionContext } from "./metrics-ingestion.ts";
export { receiveRemoteWrite } from "./remote-write.ts";
export { remoteWriteErrors } from "./remote-write-errors.ts";
