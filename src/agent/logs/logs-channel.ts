/** The agent's configuration of logs and its ingestion tokens, kept and renewed as their service says. */
import type {
  LogsConfigurationClient,
  Transport,
  LogsChannel,
  LogsConfiguration,
} from "../../client/index.ts";
import { CodedError, limits } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";

export interface OpenLogsChannel {
  readonly channel: LogsChannel;
  /** Undefined where the transport's certificate stands for it. */
  readonly token: string | undefined;
  /** Another than the agent's own, where the way needs one. */
  readonly transport?: Transport;
}

export interface LogsChannelKeeper {
  /**
   * The configuration, read anew when it is older than `limits.agentConfigurationRefreshMs`.
   *
   * @throws CodedError NoLogsConfiguration; the configuration client's.
   */
  configuration(): Promise<LogsConfiguration>;
  /**
   * A channel of a kind with a living token.
   *
   * @throws CodedError NoLogsChannel, NoLogsConfiguration; the configuration client's.
   */
  open(kind: LogsChannel["kind"]): Promise<OpenLogsChannel>;
  forgetToken(channelId: string): void;
  /** The next call reads the configuration anew, but not more often than each `limits.agentConfigurationBackoffMsMax`. */
  forgetConfiguration(): void;
  state(): LogsChannelState;
}

export interface LogsChannelState {
  readonly configuration: LogsConfiguration | undefined;
  readonly readAtMs: number | undefined;
}

export function logsChannelKeeper(options: {
  readonly client: LogsConfigurationClient;
  readonly clock: Clock;
}): LogsChannelKeeper {
  const { client, clock } = options;
  const tokens = new Map<string, { readonly text: string; readonly renewAtMs: number }>();
  let kept: LogsConfiguration | undefined;
  let readAtMs: number | undefined;
  let readAgain = false;
  let reading: Promise<LogsConfiguration> | undefined;
  const read = async (): Promise<LogsConfiguration> => {
    const found = await client.readLogs();
    if (found === undefined) {
      throw new CodedError(
        "NoLogsConfiguration",
        "The cluster's configuration has no rule for Container insights. Associate one with the cluster.",
      );
    }
    if (found.configurationId !== kept?.configurationId) tokens.clear();
    kept = found;
    readAtMs = clock.nowMs();
    readAgain = false;
    return found;
  };
  const isStale = (): boolean => {
    const ageMs = clock.nowMs() - (readAtMs ?? -Infinity);
    return (
      ageMs >= limits.agentConfigurationRefreshMs ||
      (readAgain && ageMs >= limits.agentConfigurationBackoffMsMax)
    );
  };
  const configuration = (): Promise<LogsConfiguration> => {
    if (kept !== undefined && !isStale()) return Promise.resolve(kept);
    // Several ask at once: one reads for all.
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  };
  return {
    configuration,
    async open(kind) {
      const { channels, configurationId } = await configuration();
      const channel = channels.find((one) => one.kind === kind);
      if (channel === undefined) {
        throw new CodedError(
          "NoLogsChannel",
          `The configuration ${configurationId} has no channel of the protocol ${kind}. Look at the rule's streams and data collection endpoint.`,
        );
      }
      const { channelId } = channel;
      const token = tokens.get(channelId);
      if (token !== undefined && clock.nowMs() < token.renewAtMs) {
        return { channel, token: token.text };
      }
      const issued = await client.ingestionToken({ configurationId, channelId });
      const keepMs = Math.max(issued.maxAgeMs - limits.tokenRefreshAheadMs, issued.maxAgeMs / 2);
      tokens.set(channelId, { text: issued.token, renewAtMs: clock.nowMs() + keepMs });
      return { channel, token: issued.token };
    },
    forgetToken: (channelId) => void tokens.delete(channelId),
    forgetConfiguration: () => void (readAgain = true),
    state: () => ({ configuration: kept, readAtMs }),
  };
}
