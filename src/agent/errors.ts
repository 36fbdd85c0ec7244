/** Error codes of the agent. */
import type { ErrorCatalogue } from "../core/index.ts";

export const agentErrors = {
  QueueInUse: {
    status: 0,
    fault: "caller",
    retry: true,
    means: "Another agent uses the queue's folder.",
    remedy: "End that agent, or give this one another folder.",
  },
  QueueFull: {
    status: 0,
    fault: "world",
    retry: true,
    means:
      "The queue on disk is full, and what is in it is not dropped for what can be read again.",
    remedy: "Open the way to the receiver, or give the queue more bytes.",
  },
  PayloadUnreadable: {
    status: 0,
    fault: "platform",
    retry: false,
    means: "A record of the queue on disk is not of this agent's format.",
    remedy: "Let the agent that wrote it send it, or remove the queue's folder.",
  },
  SyslogAddressInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "An address to listen for syslog on cannot be read.",
    remedy: "Write udp:HOST:PORT, tcp:HOST:PORT or unix:/PATH.",
  },
  SyslogUnavailable: {
    status: 0,
    fault: "world",
    retry: true,
    means: "An address to listen for syslog on is taken, or may not be used.",
    remedy: "Choose another, or end what listens there.",
  },
  AgentSettingsInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The settings of the agent of logs cannot be used.",
    remedy: "Correct them at the lines that the message names.",
  },
  KubeletRefused: {
    status: 0,
    fault: "world",
    retry: true,
    means: "A kubelet gave no statistics of its node.",
    remedy: "Give the agent the right to get nodes/stats; look at the kubelet.",
  },
  NodeNameInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The name that is given for a node is none that a node can have.",
    remedy: "Give the node's name as kubectl get nodes shows it.",
  },
  NoLogsConfiguration: {
    status: 0,
    fault: "caller",
    retry: true,
    means: "No rule for Container insights is associated with the cluster.",
    remedy: "Associate a data collection rule with the extension ContainerInsights.",
  },
  NoLogsChannel: {
    status: 0,
    fault: "caller",
    retry: true,
    means: "The configuration has no channel for the records.",
    remedy:
      "Look at the rule's streams, and at its data collection endpoint for high log scale mode.",
  },
  QueueUnwritable: {
    status: 0,
    fault: "world",
    retry: true,
    means: "Samples could not be written to the queue.",
    remedy: "Make room on the disk; check the folder's rights.",
  },
  TooManyTargets: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The agent is given more targets than it scrapes.",
    remedy: "Run another agent for the rest.",
  },
  TargetInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "A target's URL, labels or times cannot be used.",
    remedy: "Correct the target as the message says.",
  },
  ScrapeFailed: {
    status: 0,
    fault: "world",
    retry: true,
    means: "A target's metrics could not be read.",
    remedy: "Look at the target; the next interval tries again.",
  },
  ScrapeConfigInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "A file that says what to scrape has mistakes.",
    remedy:
      "Each stands with its line and column; docs/formats/scrape-files.md says what is supported.",
  },
  NoMetricsChannel: {
    status: 0,
    fault: "world",
    retry: true,
    means: "The configuration has no channel for Prometheus metrics.",
    remedy: "Associate a data collection rule for Prometheus metrics with the cluster.",
  },
} as const satisfies ErrorCatalogue;
