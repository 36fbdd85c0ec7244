/** `check`: what is wrong with a private link, its one root, and the command that mends it. */
import type { Command } from "../command.ts";
import { cloudWords } from "../doctor/cloud-words.ts";

export const check: Command = {
  name: "check",
  summary:
    "Check the private link of clusters in the running platform, real Azure, or a snapshot: the one root cause, and its fix.",
  options: [
    { flags: "--snapshot <file>", help: "a file of `snapshot save`" },
    {
      flags: "--cloud <cloud>",
      help: "where to read from, when not from a file (default: the running platform)",
      choices: cloudWords,
    },
    { flags: "--cluster <name>", help: "the cluster, by name or id (default: all)" },
    { flags: "--all", help: "show what passed and was skipped, too" },
    {
      flags: "--fail-on <severity>",
      help: "fail on warnings as well",
      choices: ["error", "warning"],
    },
    { flags: "--strict", help: "fail where something could not be told" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["table", "short", "json"],
      default: "table",
    },
  ],
  exitCodes: {
    0: "no check failed",
    1: "a check failed",
    2: "it could not run, or wrong use",
    3: "there are warnings, and --fail-on warning",
    4: "something is unknown, and --strict",
  },
  failureExit: 2,
  examples: ["./linkscope check", "./linkscope check --snapshot aks.json -o short"],
  run: async (input, context) => (await import("../doctor/run-check.ts")).runCheck(input, context),
};
