/** The agent: configuration over the private link, scraping, the queue on disk, sending. */
export { createAgent } from "./agent.ts";
export type { Agent, AgentOptions, AgentState } from "./agent.ts";
export type { ChannelState } from "./channel.ts";
export { agentErrors } from "./errors.ts";
export { defaultJobs } from "./default-jobs.ts";
export type { DiscoveryState } from "./discovery.ts";
export { hostJob, hostSource } from "./host-collector.ts";
export type { HostCollectorOptions } from "./host-collector.ts";
export { startLogsRoles } from "./inventory/logs-roles.ts";
export type { LogsRoles, LogsRolesOptions } from "./inventory/logs-roles.ts";
export { createLogsAgent } from "./logs/logs-agent.ts";
export type {
  LogsAgent,
  LogsAgentOptions,
  LogsAgentState,
  NodeLogs,
  RecordSource,
} from "./logs/logs-agent.ts";
export type { LegacyWay } from "./logs/legacy-channel.ts";
export type { ContainerFacts } from "./logs/collection-plan.ts";
export { defaultLogsSettings, logsConfigMap } from "./logs/logs-settings.ts";
export type { LogsAgentSettings } from "./logs/logs-settings.ts";
export { parseLogsSettings } from "./logs/parse-logs-settings.ts";
export type { ReadLogsSettings } from "./logs/parse-logs-settings.ts";
export { highScaleStream, recordTypes } from "./logs/record-types.ts";
export type { RecordType } from "./logs/record-types.ts";
export { listenSyslog, parseSyslogAddress } from "./syslog/syslog-listener.ts";
export type { SyslogAddress, SyslogListener } from "./syslog/syslog-listener.ts";
export type { QueueState } from "./queue.ts";
export { relabel } from "./relabel.ts";
export { parseScrapeConfig, scrapeConfigMap } from "./scrape-config.ts";
export type { ScrapeConfig } from "./scrape-config.ts";
export { sayProblems } from "./scrape-job.ts";
export type { FileProblem, ScrapeJob } from "./scrape-job.ts";
export { defaultSettings, parseSettings, settingsConfigMap } from "./settings.ts";
export type { AgentSettings } from "./settings.ts";
export type { SampleSource, ScrapeTarget } from "./scrape.ts";
export type { SenderState } from "./sender.ts";
export type { TargetState } from "./target-loop.ts";
