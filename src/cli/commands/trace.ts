/** `trace`: the whole way from a virtual network to a name, hop by hop, and what let it pass or stopped it. */
import { cloud } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import type { PathOf } from "../../rules/index.ts";
import type { Command } from "../command.ts";
import { askFabric } from "../exec/index.ts";
import { connect } from "../platform/connect.ts";
import { printable } from "../views/table.ts";

export const trace: Command = {
  name: "trace",
  summary:
    "Show every hop from a virtual network to a name (DNS, routes, peerings, firewalls, endpoints), and the rule of each.",
  options: [
    {
      flags: "--from <network>",
      help: "the virtual network, by name or id; or one of its subnets, as NETWORK/SUBNET",
      required: true,
    },
    { flags: "--to <name>", help: "the host name", required: true },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["text", "json"],
      default: "text",
    },
  ],
  exitCodes: { 0: "a request arrives and is answered", 1: "it is stopped", 2: "wrong use" },
  examples: [`./linkscope trace --from vnet-aks --to ${cloud.globalHandlerHost}`],
  async run(input, context) {
    const vnet = input.text("from");
    const name = input.text("to");
    if (vnet === undefined || name === undefined) {
      throw new CodedError("WrongUse", "Say from where to where: --from NETWORK --to NAME.");
    }
    const connection = connect(input, context);
    try {
      const query = new URLSearchParams({ vnet, name });
      const path = (await askFabric(
        connection.file.fabric,
        `/trace?${query.toString()}`,
      )) as PathOf;
      context.out(
        input.text("output") === "json"
          ? `${JSON.stringify(path)}\n`
          : `${traceLines(path).join("\n")}\n`,
      );
      return path.outcome === "stopped" ? 1 : 0;
    } finally {
      connection.close();
    }
  },
};

/** A hop a line, numbered; below it each rule that spoke. */
export function traceLines({ name, from, outcome, address, hops }: PathOf): readonly string[] {
  const lines = [`${from} → ${printable(name)}${address === undefined ? "" : ` (${address})`}`];
  for (const [index, hop] of hops.entries()) {
    lines.push(`${index + 1}. ${hop.passes ? "✓" : "✗"} ${hop.kind} ${printable(hop.at)}`);
    for (const { rule, says } of hop.reasons) lines.push(`     ${rule}: ${printable(says)}`);
  }
  const ends = { private: "arrives privately", public: "arrives publicly", stopped: "is stopped" };
  return [...lines, "", `A request ${ends[outcome]}.`];
}
