/** The way out: the agent's configuration and ingestion token, kept and renewed as their service says. */
import type { AgentConfigurationClient, MetricsChannel } from "../client/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

export interface OpenChannel {
  readonly channel: MetricsChannel;
  readonly token: string;
}

export interface ChannelState {
  readonly base: string | undefined;
  readonly channel: MetricsChannel | undefined;
  /** Channels beyond the first, which this agent does not serve: their ids. */
  readonly channelsRefused: readonly string[];
  readonly readAtMs: number | undefined;
}

export interface ChannelKeeper {
  /**
   * The channel with a living token.
   *
   * @throws CodedError NoMetricsChannel; the configuration client's.
   */
  open(): Promise<OpenChannel>;
  /** The receiver refused the token: the next call asks for another. */
  forgetToken(): void;
  /** The receiver refused the way: the next call reads the configuration anew. */
  forgetConfiguration(): void;
  state(): ChannelState;
}

/** Keeps the configuration for `limits.agentConfigurationRefreshMs`, and tokens until shortly before their end. */
export function channelKeeper(options: {
  readonly configuration: AgentConfigurationClient;
  readonly clock: Clock;
}): ChannelKeeper {
  const { configuration, clock } = options;
  let state: ChannelState = {
    base: undefined,
    channel: undefined,
    channelsRefused: [],
    readAtMs: undefined,
  };
  let token: { readonly text: string; readonly renewAtMs: number } | undefined;
  let readAgain = true;
  const readConfiguration = async (): Promise<MetricsChannel> => {
    const { channels, base } = await configuration.read();
    const [channel, ...others] = channels;
    if (channel === undefined) {
      throw new CodedError(
        "NoMetricsChannel",
        `The configuration of ${base} has no channel for Prometheus metrics. Associate a rule for them with the cluster.`,
      );
    }
    if (!sameChannel(channel, state.channel)) token = undefined;
    const channelsRefused = others.map(({ channelId }) => channelId);
    state = { base, channel, channelsRefused, readAtMs: clock.nowMs() };
    readAgain = false;
    return channel;
  };
  const stale = (): boolean =>
    readAgain ||
    clock.nowMs() >= (state.readAtMs ?? -Infinity) + limits.agentConfigurationRefreshMs;
  return {
    async open() {
      const kept = state.channel;
      const channel = kept === undefined || stale() ? await readConfiguration() : kept;
      if (token === undefined || clock.nowMs() >= token.renewAtMs) {
        const issued = await configuration.ingestionToken(channel);
        const keepMs = Math.max(issued.maxAgeMs - limits.tokenRefreshAheadMs, issued.maxAgeMs / 2);
        token = { text: issued.token, renewAtMs: clock.nowMs() + keepMs };
      }
      return { channel, token: token.text };
    },
    forgetToken: () => void (token = undefined),
    forgetConfiguration: () => void (readAgain = true),
    state: () => state,
  };
}

const sameChannel = (a: MetricsChannel, b: MetricsChannel | undefined): boolean =>
  a.channelId === b?.channelId &&
  a.configurationId === b.configurationId &&
  a.endpoint === b.endpoint;
