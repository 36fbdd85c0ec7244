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
    {
      flags: "--cluster <name>",
      help: "the cluster, by name or id, several with commas (default: all)",
    },
    {
      flags: "--with <file...>",
      help: "lay over it: an ARM template, `terraform show -json` of a plan, or a probe's output",
    },
    {
      flags: "--group <id>",
      help: "the resource group that a template goes to (default: the cluster's)",
    },
    { flags: "--pre", help: "only what must hold before a private link is set up" },
    {
      flags: "--phase <phase...>",
      help: "only these phases: control, dns, network, agent, data, outside",
    },
    {
      flags: "--from <place>",
      help: "only what is seen from outside of the network",
      choices: ["outside"],
    },
    { flags: "--wait", help: "look again while a change may still take effect" },
    { flags: "--suppressions <file>", help: "findings that are answered for, until a day" },
    { flags: "--all", help: "show what passed, was skipped or is suppressed, too" },
    { flags: "--hint <check>", help: "print the page of a check, as LS0101, and check nothing" },
    {
      flags: "--fail-on <severity>",
      help: "fail on warnings as well",
      choices: ["error", "warning"],
    },
    { flags: "--strict", help: "fail where something could not be told" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["table", "short", "json", "junit", "sarif", "markdown"],
      default: "table",
    },
  ],
  exitCodes: {
    0: "no check failed",
    1: "a check failed, or waits for a change to take effect",
    2: "it could not run, or wrong use",
    3: "there are warnings, and --fail-on warning",
    4: "something is unknown, and --strict",
  },
  failureExit: 2,
  examples: [
    "./linkscope check",
    "./linkscope check --snapshot aks.json --with fragment.txt -o short",
    "./linkscope check --snapshot aks.json --with plan.json --fail-on warning",
  ],
  run: async (input, context) => {
    const hint = input.text("hint");
    if (hint !== undefined) return (await import("../doctor/hint.ts")).printHint(hint, context);
    return (await import("../doctor/run-check.ts")).runCheck(input, context);
  },
};
