/**
 * Records of syslog, as the rule's facilities and levels choose them.
 * @see learn.microsoft.com/azure/azure-monitor/agents/data-collection-syslog; field names: github.com/microsoft/OMS-Agent-for-Linux filter_syslog
 */
import type { LogsConfiguration, SyslogChoice } from "../../client/index.ts";
import { limits } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";
import { startPeriodic } from "../inventory/periodic.ts";
import type { Periodic } from "../inventory/periodic.ts";
import type { RecordSource } from "../logs/logs-agent.ts";
import type { AgentRecord, RecordIntake } from "../logs/record-intake.ts";
import { recordTypes } from "../logs/record-types.ts";
import { levelOf, parseSyslog } from "./parse-syslog.ts";
import type { SyslogMessage } from "./parse-syslog.ts";

export interface SyslogState {
  readonly received: number;
  /** Messages without a priority. */
  readonly malformed: number;
  /** Messages that came faster than they could be queued. */
  readonly dropped: number;
}

export interface SyslogSource extends RecordSource {
  /** Takes a message; it is let go where no rule asks for it. */
  message(text: string): void;
  state(): SyslogState;
}

export function syslogSource(options: {
  readonly clock: Clock;
  /** The machine that the messages come to. */
  readonly computer: string;
}): SyslogSource {
  const { clock, computer } = options;
  let choices: readonly SyslogChoice[] = [];
  let waiting: AgentRecord[] = [];
  let rounds: Periodic | undefined;
  const state = { received: 0, malformed: 0, dropped: 0 };
  const flush = (intake: RecordIntake): boolean => {
    const records = waiting;
    waiting = [];
    if (records.length > 0) intake.put(recordTypes.syslog, records);
    return true;
  };
  let flushNow: () => void = () => undefined;
  return {
    take({ syslog }: LogsConfiguration, intake) {
      choices = syslog;
      flushNow = () => void flush(intake);
      rounds ??= startPeriodic({
        clock,
        intervalMs: () => limits.logBatchMs,
        round: () => flush(intake),
      });
    },
    message(text) {
      state.received += 1;
      const message = parseSyslog(text);
      if (message === undefined) {
        state.malformed += 1;
        return;
      }
      if (!choices.some((choice) => isChosen(choice, message))) return;
      if (waiting.length >= limits.syslogWaitingMax) {
        state.dropped += 1;
        return;
      }
      waiting.push(recordOf(message, { computer, nowMs: clock.nowMs() }));
    },
    state: () => ({ ...state }),
    async stop() {
      await rounds?.stop();
      flushNow();
    },
  };
}

const isChosen = (
  { facilities, levels }: SyslogChoice,
  { facility, severity }: SyslogMessage,
): boolean =>
  (facilities.includes("*") || facilities.includes(facility)) &&
  (levels.includes("*") || levels.includes(levelOf(severity)));

function recordOf(
  message: SyslogMessage,
  { computer, nowMs }: { readonly computer: string; readonly nowMs: number },
): AgentRecord {
  const received = new Date(nowMs).toISOString();
  return {
    Timestamp: message.time ?? received,
    EventTime: message.time ?? received,
    Computer: computer,
    CollectorHostName: computer,
    Host: message.host || computer,
    Facility: message.facility,
    Severity: message.severity,
    ident: message.program,
    ...(message.processId === "" ? {} : { ProcessId: message.processId }),
    Message: message.text,
  };
}
