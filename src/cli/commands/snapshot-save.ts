/** `snapshot save`: the facts of an estate in one file, read only, without secrets. */
import type { Command } from "../command.ts";
import { cloudWords } from "../doctor/cloud-words.ts";

export const snapshotSave: Command = {
  name: "snapshot save",
  summary: "Save what ARM says of clusters' private link in one file, for `check` and `prove`.",
  arguments: [{ word: "[file]", help: "the file to write; - is the standard output" }],
  options: [
    {
      flags: "--cloud <cloud>",
      help: "where to read from (default: the running platform)",
      choices: cloudWords,
    },
    {
      flags: "--cluster <id>",
      help: "the cluster's id, several with commas; on the platform a name too (default: all)",
    },
    {
      flags: "--redact",
      help: "replace subscriptions, names, ids and host names, each by the same everywhere",
    },
    { flags: "--redact-addresses", help: "replace IP addresses as well, within their networks" },
    {
      flags: "--print-role",
      help: "print the least role that this needs, for `az role definition create`, and read nothing",
    },
  ],
  exitCodes: {
    0: "it is saved",
    1: "it could not be read or written",
    2: "wrong use",
  },
  examples: [
    "./linkscope snapshot save aks.json",
    "./linkscope snapshot save aks.json --cloud azure --cluster /subscriptions/…/managedClusters/aks",
  ],
  failureExit: 1,
  run: async (input, context) =>
    (await import("../doctor/run-snapshot-save.ts")).runSnapshotSave(input, context),
};
