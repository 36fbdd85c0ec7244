/** `resolve`: what a name is inside a virtual network, step by step, and why. */
import { cloud } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import type { NameResolution } from "../../rules/index.ts";
import type { Command } from "../command.ts";
import { askFabric } from "../exec/index.ts";
import { connect, findResource } from "../platform/connect.ts";
import { findNetwork, refuseTwoPlaces } from "../platform/networks.ts";
import { types } from "../types.ts";
import { printable } from "../views/table.ts";

export const resolve: Command = {
  name: "resolve",
  summary:
    "Show what a name resolves to inside a virtual network, each step of the chain, and why.",
  arguments: [{ word: "<name>", help: "the host name" }],
  options: [
    { flags: "--vnet <name>", help: "the virtual network, by name or id" },
    { flags: "--network <name>", help: "the virtual or on-premises network, by name or id" },
    { flags: "--public", help: "resolve as the public internet does" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["text", "json"],
      default: "text",
    },
  ],
  exitCodes: { 0: "the name has an address", 1: "it has none", 2: "wrong use" },
  examples: [`./linkscope resolve ${cloud.globalHandlerHost} --vnet vnet-aks`],
  async run(input, context) {
    const vnet = input.text("vnet");
    const network = input.text("network");
    refuseTwoPlaces(input);
    if (vnet === undefined && network === undefined && !input.flag("public")) {
      const says = "Say where to resolve: --vnet NAME, --network NAME, or --public.";
      throw new CodedError("WrongUse", says);
    }
    const connection = connect(input, context);
    try {
      const query = new URLSearchParams({ name: input.words[0] ?? "" });
      if (vnet !== undefined)
        query.set("vnet", await findResource(connection, types.vnet.type, vnet));
      if (network !== undefined) {
        const { id, kind } = await findNetwork(connection, network);
        query.set(kind === "vnet" ? "vnet" : "network", id);
      }
      const answer = (await askFabric(
        connection.file.fabric,
        `/resolve?${query.toString()}`,
      )) as NameResolution;
      context.out(
        input.text("output") === "json"
          ? `${JSON.stringify(answer)}\n`
          : `${resolutionLines(input.words[0] ?? "", answer).join("\n")}\n`,
      );
      return answer.addresses.length > 0 ? 0 : 1;
    } finally {
      connection.close();
    }
  },
};

/** The chain as a person follows it: names, zone and link, addresses, then each reason. */
export function resolutionLines(name: string, answer: NameResolution): readonly string[] {
  const lines = [printable(name)];
  for (const step of answer.chain) lines.push(`  → CNAME ${printable(step.cname)}`);
  if (answer.zone !== undefined) lines.push(`  zone ${answer.zone.name} (${answer.zone.id})`);
  if (answer.link !== undefined) {
    const redirects = answer.link.redirects ? ", falls back to public DNS" : "";
    lines.push(`  link ${answer.link.id}${redirects}`);
  }
  const by = answer.answeredBy === "private-zone" ? "the private zone" : "public DNS";
  lines.push(
    answer.addresses.length === 0
      ? `  → ${answer.outcome.toUpperCase()} (by ${by})`
      : `  → A ${answer.addresses.join(", ")} (${answer.outcome}, by ${by})`,
  );
  const why = answer.reasons.map(({ rule, says }) => `  ${rule}: ${printable(withNames(says))}`);
  return [...lines, "", "why:", ...why];
}

/** Sentences with the names of resources in the place of their ids, which the lines above them have. */
const withNames = (says: string): string =>
  says.replace(/\/subscriptions\/[^\s,;]*\/([^\s,;/]*)/g, "$1");
