/**
 * The way of legacy authentication: no rule and no token, but a certificate of the agent's own, registered by the
 * workspace's shared key, that opens ODS.
 * @see github.com/microsoft/OMS-Agent-for-Linux installer/scripts/omsadmin.sh
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeLegacyAgent, registerLegacyAgent } from "../../client/index.ts";
import type { LegacyAgent, LogsConfiguration, Transport } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import type { LogsChannelKeeper, OpenLogsChannel } from "./logs-channel.ts";
import { recordTypes } from "./record-types.ts";

export interface LegacyWay {
  /** The workspace's id, a GUID. */
  readonly customerId: string;
  readonly odsHost: string;
  readonly omsHost: string;
  /** Base64; asked when the agent registers, and not kept. */
  readonly sharedKey: () => Promise<string>;
  /** A transport that shows the certificate in its handshakes. */
  readonly transportWith: (certificate: LegacyAgent) => Promise<Transport>;
  /** As the agent calls the machine that it runs on. */
  readonly computer: string;
}

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const MINUTE_MS = 60_000;

export function legacyChannelKeeper(options: {
  readonly way: LegacyWay;
  /** The certificate and its key lie in it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
}): LogsChannelKeeper {
  const { way, clock } = options;
  const channel = {
    kind: "ods",
    channelId: `ods-${way.customerId}`,
    endpoint: `https://${way.odsHost}`,
  } as const;
  const configuration = configurationOf(way, channel);
  let opened: Promise<OpenLogsChannel> | undefined;
  let readAtMs: number | undefined;
  const open = async (): Promise<OpenLogsChannel> => {
    const agent = await agentOf(options);
    const transport = await way.transportWith(agent);
    const { customerId, omsHost: host, computer } = way;
    const sharedKey = await way.sharedKey();
    await registerLegacyAgent(agent, { transport, clock, host, customerId, sharedKey, computer });
    readAtMs = clock.nowMs();
    return { channel, token: undefined, transport };
  };
  const forget = (): void => {
    opened?.then(({ transport }) => transport?.close()).catch(() => undefined);
    opened = undefined;
  };
  return {
    configuration: () => Promise.resolve(configuration),
    open(kind) {
      if (kind === "gig") {
        const says =
          "Legacy authentication has no data collection endpoint: high log scale mode needs a rule.";
        return Promise.reject(new CodedError("NoLogsChannel", says));
      }
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    // It registers anew.
    forgetToken: forget,
    forgetConfiguration: () => undefined,
    state: () => ({ configuration, readAtMs }),
  };
}

/** What a legacy agent collects stands in its settings alone: all types, each minute. */
const configurationOf = (
  { omsHost }: LegacyWay,
  channel: LogsConfiguration["channels"][number],
): LogsConfiguration => ({
  configurationId: "legacy",
  channels: [channel],
  settings: {
    intervalMs: MINUTE_MS,
    namespaceFilter: "Off",
    namespaces: [],
    containerLogV2: false,
  },
  streams: new Set(Object.values(recordTypes)),
  syslog: [],
  base: `https://${omsHost}`,
  peer: { address: undefined, throughGateway: false, certificate: undefined },
});

/** The agent of an earlier start, or a new one. */
async function agentOf({
  folder,
  clock,
  random,
}: {
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<LegacyAgent> {
  const path = join(folder, "legacy-agent.json");
  const kept = read(path);
  if (kept !== undefined && kept.endsMs > clock.nowMs() + YEAR_MS / 12) return kept;
  const agent = await makeLegacyAgent({ clock, random, lifeMs: YEAR_MS });
  const content = JSON.stringify({ ...agent, endsMs: clock.nowMs() + YEAR_MS });
  writeFileSync(path, content, { mode: 0o600 });
  return agent;
}

function read(path: string): (LegacyAgent & { readonly endsMs: number }) | undefined {
  try {
    const kept = JSON.parse(readFileSync(path, "utf8")) as LegacyAgent & {
      readonly endsMs: number;
    };
    return typeof kept.certPem === "string" && typeof kept.keyPem === "string" ? kept : undefined;
  } catch {
    // None yet, or damaged: another is made.
    return undefined;
  }
}
