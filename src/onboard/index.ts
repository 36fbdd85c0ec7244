/** Onboarding: observe, plan, apply and prove that a cluster's telemetry goes by a private link. A client of ARM only. */
export { apply } from "./apply.ts";
export type { ApplyEvent, ApplyOptions, ApplyOutcome, LeftOpen } from "./apply.ts";
export { apiVersions } from "./arm-access.ts";
export type { ArmReader, ArmWriter } from "./arm-access.ts";
export { dataArrival } from "./data-arrival.ts";
export { onboardErrors } from "./errors.ts";
export type { OnboardCode } from "./errors.ts";
export {
  buildEstate,
  estateLogsRequests,
  estateRequests,
  estateResources,
} from "./estate-resources.ts";
export type { EstateBuilding, EstateResource } from "./estate-resources.ts";
export { parseEstate } from "./estate.ts";
export type {
  Estate,
  EstateCluster,
  EstateLink,
  EstateLogs,
  EstateMetrics,
  EstateNetwork,
  EstateProblem,
  EstateReading,
  EstateWorkspace,
} from "./estate.ts";
export type {
  CertificateSeen,
  LegacyWorkspace,
  LogsQuestion,
  NameEvidence,
  PathEvidence,
  ProbeRequest,
  Probes,
  RequestEvidence,
} from "./evidence.ts";
export { exitOf, judge } from "./judge.ts";
export type { Expectations, Expected, JudgedPath, PathVerdict } from "./judge.ts";
export { logsNames } from "./logs/logs-names.ts";
export { legacyEnded, logsAuths, logsRequest } from "./logs/logs-request.ts";
export type { LogsAuth, LogsRequest } from "./logs/logs-request.ts";
export type { LogsTarget } from "./logs/logs-target.ts";
export { planLogs } from "./logs/plan-logs.ts";
export { metricsNames } from "./names.ts";
export { observe } from "./observe.ts";
export type { Observed, ObserveRequest } from "./observe.ts";
export { observeRemoteWrite } from "./observe-remote-write.ts";
export type { RemoteWriteAsked } from "./observe-remote-write.ts";
export { planRemoteWrite } from "./plan-remote-write.ts";
export {
  prometheusConfiguration,
  remoteWriteUrl,
  secretPlaceholder,
} from "./prometheus-configuration.ts";
export type { PrometheusSignIn, PrometheusTarget } from "./prometheus-configuration.ts";
export type { RemoteWriteRequest, RemoteWriteSender } from "./remote-write-request.ts";
export { renderPrometheus } from "./render-prometheus.ts";
export type { Rendering } from "./render-prometheus.ts";
export { isPathId, laterPathIds, pathIds } from "./paths.ts";
export type { PathId } from "./paths.ts";
export { becauses, steps, writesOf } from "./plan-types.ts";
export type {
  Affected,
  Because,
  Blocker,
  Change,
  Note,
  Plan,
  StaysPublic,
  Step,
  Wait,
} from "./plan-types.ts";
export { planMetrics } from "./plan.ts";
export { proofTarget } from "./proof-target.ts";
export type { ProofTarget, Signal } from "./proof-target.ts";
export { networkProofTarget, proveNetwork } from "./prove-network.ts";
export type { NetworkProofTarget } from "./prove-network.ts";
export { collectEvidence, exitOfAll, newestSampleQuery, prove } from "./prove.ts";
export type { Proof } from "./prove.ts";
export type { Unreadable } from "./reading.ts";
export { metricsRequest, requestDefaults, requestProblems } from "./request.ts";
export type { AccessMode, MetricsRequest } from "./request.ts";
export { untilArrived } from "./until-arrived.ts";
export type { Arrival, Patience } from "./until-arrived.ts";
