/** Every command, in the order of --help. */
import type { Command } from "../command.ts";
import { agentLogs } from "./agent-logs.ts";
import { agent } from "./agent.ts";
import { check } from "./check.ts";
import { credentialRotate } from "./credential.ts";
import { enableLogs } from "./enable-logs.ts";
import { enableMetrics } from "./enable-metrics.ts";
import { enableRemoteWrite } from "./enable-remote-write.ts";
import { exec } from "./exec.ts";
import { explain } from "./explain.ts";
import { exportFirewall } from "./export-firewall.ts";
import { impact } from "./impact.ts";
import { probe } from "./probe.ts";
import { prove } from "./prove.ts";
import { queryLogs } from "./query-logs.ts";
import { queryMetrics } from "./query-metrics.ts";
import { renderPrometheusFile } from "./render-prometheus.ts";
import { resolve } from "./resolve.ts";
import { showTopology } from "./show-topology.ts";
import { show } from "./show.ts";
import { snapshotSave } from "./snapshot-save.ts";
import { start } from "./start.ts";
import { token } from "./token.ts";
import { trace } from "./trace.ts";
import { up } from "./up.ts";

export const commands: readonly Command[] = [
  start,
  up,
  enableMetrics,
  enableLogs,
  enableRemoteWrite,
  renderPrometheusFile,
  prove,
  check,
  explain,
  impact,
  snapshotSave,
  probe,
  queryMetrics,
  queryLogs,
  show,
  showTopology,
  resolve,
  trace,
  exportFirewall,
  exec,
  token,
  credentialRotate,
  agent,
  agentLogs,
];
