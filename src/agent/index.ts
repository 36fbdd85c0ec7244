/** The agent: configuration over the private link, scraping, the queue on disk, sending. */
export { createAgent } from "./agent.ts";
export type { Agent, AgentOptions, AgentState } from "./agent.ts";
export type { ChannelState } from "./channel.ts";
export { agentErrors } from "./errors.ts";
export { defaultJobs } from "./default-jobs.ts";
export type { DiscoveryState } from "./discovery.ts";
export { hostJob, hostSource } from "./host-collector.ts";
export type { HostCollectorOptions } from "./host-collector.ts";
export type { QueueState } from "./queue.ts";
export { parseScrapeConfig, scrapeConfigMap } from "./scrape-config.ts";
export type { ScrapeConfig } from "./scrape-config.ts";
export { sayProblems } from "./scrape-job.ts";
export type { FileProblem, ScrapeJob } from "./scrape-job.ts";
export { defaultSettings, parseSettings, settingsConfigMap } from "./settings.ts";
export type { AgentSettings } from "./settings.ts";
export type { SampleSource, ScrapeTarget } from "./scrape.ts";
export type { SenderState } from "./sender.ts";
export type { TargetState } from "./target-loop.ts";
