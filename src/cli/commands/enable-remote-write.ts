/** `enable remote-write`: lets a network's Prometheus write into a workspace over a private link, and prints its configuration. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { at, stringAt } from "../../arm/index.ts";
import { assert, CodedError } from "../../core/index.ts";
import {
  apply,
  observeRemoteWrite,
  planRemoteWrite,
  prometheusConfiguration,
  secretPlaceholder,
} from "../../onboard/index.ts";
import type { PrometheusSignIn, RemoteWriteRequest } from "../../onboard/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { connect, findResource } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { findNetwork } from "../platform/networks.ts";
import { scopeIdOf } from "../platform/onboarding.ts";
import { findSender } from "../platform/senders.ts";
import type { Sender } from "../platform/senders.ts";
import { types } from "../types.ts";
import { eventLine, outcomeLines, planLines } from "../views/plan.ts";
import { durationMs } from "./query-metrics.ts";

const defaultSecretFile = "/etc/prometheus/azure-client-secret";

export const enableRemoteWrite: Command = {
  name: "enable remote-write",
  summary:
    "Let a network's Prometheus write into a workspace over a private link, and print its configuration.",
  options: [
    {
      flags: "--network <name>",
      help: "the virtual or on-premises network (a local network gateway, an ExpressRoute circuit)",
      required: true,
    },
    {
      flags: "--workspace <id>",
      help: "the Azure Monitor workspace, by id or name",
      required: true,
    },
    {
      flags: "--scope <id>",
      help: "the private link scope, by id or name; made if it is not there",
      required: true,
    },
    {
      flags: "--client-id <id>",
      help: "the application or managed identity that Prometheus signs in as",
      required: true,
    },
    {
      flags: "--principal-id <id>",
      help: "the object id of its service principal, where the platform cannot tell it",
    },
    {
      flags: "--auth <way>",
      help: "how Prometheus signs in: azuread from 2.48 on, oauth2 in every version",
      choices: ["oauth2", "azuread"],
      default: "oauth2",
    },
    {
      flags: "--client-secret-file <file>",
      help: "where Prometheus reads the application's secret; nothing is written there",
      default: defaultSecretFile,
    },
    {
      flags: "--subnet <name>",
      help: "the subnet for private endpoints, made if missing",
      default: "snet-private-endpoints",
    },
    { flags: "--out <file>", help: "write the configuration there, instead of printing it" },
    { flags: "--wait <duration>", help: "how long to wait for approval", default: "15m" },
  ],
  exitCodes: {
    0: "done, or nothing to change; the configuration is printed",
    1: "blocked, or a write failed; a rerun resumes",
    2: "wrong use",
    3: "the wait ran out: a rerun resumes",
  },
  examples: [
    "./linkscope enable remote-write --network hq --workspace amw-one --scope ampls-one --client-id 11111111-2222-4333-8444-555555555555",
  ],
  async run(input, context) {
    const connection = connect(input, context);
    try {
      const { request, signIn } = await requestOf(input, connection);
      const exit = await enable(connection, context, {
        request,
        waitMs: durationMs(input.text("wait") ?? "15m"),
      });
      if (exit !== 0) return exit;
      const text = await configurationOf(connection, request, signIn);
      const out = input.text("out");
      if (out === undefined) context.out(text);
      else writeFileSync(resolve(context.workingFolder, out), text, { mode: 0o600 });
      return 0;
    } finally {
      connection.close();
    }
  },
};

async function requestOf(
  input: CommandInput,
  connection: Connection,
): Promise<{ readonly request: RemoteWriteRequest; readonly signIn: PrometheusSignIn }> {
  const { id: networkId } = await findNetwork(connection, input.text("network") ?? "");
  const workspaceId = await findResource(
    connection,
    types.workspace.type,
    input.text("workspace") ?? "",
  );
  const sender = await findSender(connection, {
    clientId: input.text("client-id") ?? "",
    principalId: input.text("principal-id"),
  });
  const request = {
    networkId,
    workspaceId,
    scopeId: await scopeIdOf(connection, input.text("scope") ?? "", networkId),
    subnetName: input.text("subnet") ?? "",
    sender: { clientId: sender.clientId, principalId: sender.principalId },
  };
  return { request, signIn: signInOf(input, sender) };
}

function signInOf(input: CommandInput, { kind }: Sender): PrometheusSignIn {
  const isOAuth2 = input.text("auth") === "oauth2";
  if (kind === "managed-identity") {
    if (!isOAuth2) return { kind };
    const says =
      "A managed identity has no secret, so Prometheus's oauth2 cannot sign in as it. Use --auth azuread (2.45 or later), or an application.";
    throw new CodedError("WrongUse", says);
  }
  const clientSecretFile = input.text("client-secret-file") ?? defaultSecretFile;
  return isOAuth2 ? { kind: "oauth2", clientSecretFile } : { kind: "azuread" };
}

/** Observe, plan, apply, each said as it goes. */
async function enable(
  connection: Connection,
  context: CliContext,
  { request, waitMs }: { readonly request: RemoteWriteRequest; readonly waitMs: number },
): Promise<number> {
  const say = (lines: readonly string[]): void => {
    for (const line of lines) context.note(`${line}\n`);
  };
  const plan = planRemoteWrite(request, await observeRemoteWrite(connection.arm, request));
  say(planLines(plan));
  const outcome = await apply(plan, connection.arm, {
    clock: context.clock,
    waitMs,
    // The plan closes nothing, so that nothing waits for data.
    dataArrived: () => Promise.resolve({ arrived: false, says: "nothing is closed" }),
    onEvent: (event) => say([eventLine(event) ?? []].flat()),
    signal: context.stopped,
  });
  say(outcomeLines(outcome, plan));
  return outcome.exit;
}

async function configurationOf(
  connection: Connection,
  request: RemoteWriteRequest,
  signIn: PrometheusSignIn,
): Promise<string> {
  const { arm, file } = connection;
  const workspace = await arm.get(request.workspaceId, types.workspace.apiVersion);
  const settings = at(workspace, "properties", "defaultIngestionSettings");
  const read = (name: string, type: { readonly apiVersion: string }) =>
    arm.get(stringAt(settings, name) ?? "", type.apiVersion);
  const dce = await read("dataCollectionEndpointResourceId", types.dce);
  const dcr = await read("dataCollectionRuleResourceId", types.dcr);
  const text = prometheusConfiguration({
    metricsUrl: stringAt(dce, "properties", "metricsIngestion", "endpoint") ?? "",
    dcrImmutableId: stringAt(dcr, "properties", "immutableId") ?? "",
    tenantId: file.tenantId,
    clientId: request.sender.clientId,
    signIn,
    cluster: request.networkId.split("/").at(-1) ?? "",
  });
  assert(signIn.kind === "azuread" || !text.includes(secretPlaceholder), "no secret is asked for");
  return text;
}
