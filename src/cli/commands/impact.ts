/** `impact`: who would lose a way by a change of a scope or a zone link. */
import { scopeZones } from "../../azure/index.ts";
import type { Command } from "../command.ts";
import { cloudWords } from "../doctor/cloud-words.ts";

export const impact: Command = {
  name: "impact",
  summary:
    "Say who would lose what, in every network that shares the DNS, if a scope became PrivateOnly or a zone were linked.",
  options: [
    { flags: "--scope <scope>", help: "the private link scope, by name or id", required: true },
    {
      flags: "--mode <mode>",
      help: "the access mode that it would get",
      choices: ["PrivateOnly", "Open"],
    },
    { flags: "--link-zone <zone>", help: "a private zone that would be linked, by name or id" },
    { flags: "--to <network>", help: "the virtual network that it would be linked to" },
    { flags: "--snapshot <file>", help: "a file of `snapshot save`" },
    {
      flags: "--cloud <cloud>",
      help: "where to read from, when not from a file (default: the running platform)",
      choices: cloudWords,
    },
    { flags: "--cluster <id>", help: "the clusters to begin reading from (default: all)" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["table", "json"],
      default: "table",
    },
  ],
  exitCodes: {
    0: "nobody would lose a way that works today",
    1: "somebody would",
    2: "it could not run, or wrong use",
  },
  failureExit: 2,
  examples: [
    "./linkscope impact --scope ampls-prod --mode PrivateOnly",
    `./linkscope impact --scope ampls-prod --link-zone ${scopeZones[0]} --to vnet-shop`,
  ],
  run: async (input, context) =>
    (await import("../doctor/run-impact.ts")).runImpact(input, context),
};
