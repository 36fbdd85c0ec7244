/** `show topology`: the portal's picture as a file: drawn, as data, or as lines. */
import { writeFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { CodedError, messageOf } from "../../core/index.ts";
import { layoutTopology, rateText, svgOf, verdictWord } from "../../topology/index.ts";
import type { Flow, FlowRate } from "../../topology/index.ts";
import type { Command } from "../command.ts";
import { dataFolder, readPlatformFile } from "../platform/platform-file.ts";
import { readTopology } from "../platform/read-portal.ts";
import type { LiveTopology } from "../platform/read-portal.ts";
import { tableLines } from "../views/table.ts";

export const showTopology: Command = {
  name: "show topology",
  summary: "Show networks, endpoints, scopes and workspaces, and the verdict on each path.",
  arguments: [{ word: "[file]", help: "where to write it; printed where absent" }],
  options: [
    {
      flags: "-o, --output <format>",
      help: "lines, the picture, or all of it as data with each path's reasons",
      choices: ["text", "svg", "json"],
      default: "text",
    },
  ],
  exitCodes: {
    0: "shown",
    1: "it could not be read",
    2: "wrong use, or the file cannot be written",
  },
  examples: ["./linkscope show topology", "./linkscope show topology -o svg topology.svg"],
  async run(input, context) {
    const live = await readTopology(readPlatformFile(dataFolder(input, context), context));
    const text = written(live, input.text("output") ?? "text");
    const [file] = input.words;
    if (file === undefined) {
      context.out(text);
      return 0;
    }
    const path = isAbsolute(file) ? file : resolve(context.workingFolder, file);
    try {
      writeFileSync(path, text);
    } catch (error) {
      throw new CodedError("WrongUse", `${path} cannot be written: ${messageOf(error)}`);
    }
    return 0;
  },
};

/** The topology in one of the formats. */
export function written({ topology, rates }: LiveTopology, format: string): string {
  switch (format) {
    case "json":
      return `${JSON.stringify({ topology, rates })}\n`;
    case "svg":
      return svgOf(layoutTopology(topology), rates);
    default:
      return `${textLines({ topology, rates }).join("\n")}\n`;
  }
}

function textLines({ topology, rates }: LiveTopology): readonly string[] {
  const names = new Map(topology.nodes.map(({ id, name }) => [id, name]));
  const byFlow = new Map(rates.flows.map((rate) => [rate.flowId, rate]));
  const row = (flow: Flow): readonly string[] => [
    names.get(flow.stops[0] ?? "") ?? "",
    flow.path === "outside" ? "to a door" : flow.path,
    verdictWord(flow),
    movesOf(byFlow.get(flow.id)),
    flow.stops
      .slice(1)
      .map((stop) => names.get(stop) ?? stop)
      .join(" → "),
  ];
  const alarms = topology.nodes.flatMap(({ name, alarm }) =>
    alarm === undefined ? [] : `${name}: ${alarm}`,
  );
  return [
    ...tableLines([["from", "path", "verdict", "now", "by"], ...topology.flows.map(row)]),
    ...(alarms.length === 0 ? [] : ["", ...alarms]),
    ...(topology.omitted === 0 ? [] : ["", `${topology.omitted} resources more are not shown.`]),
  ];
}

const movesOf = (rate: FlowRate | undefined): string =>
  rate === undefined ? "" : rateText(rate.takenPerSecond, "req");
