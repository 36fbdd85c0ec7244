/** `probe`: what this place sees of a cluster's names, connections and answers; or a script that does the same elsewhere. */
import type { Command } from "../command.ts";
import { cloudWords } from "../doctor/cloud-words.ts";

export const probe: Command = {
  name: "probe",
  summary:
    "Print what this place sees of a cluster's private link, for `check --with`; --emit sh prints a script for a pod.",
  options: [
    { flags: "--emit <language>", help: "print a script instead of running here", choices: ["sh"] },
    { flags: "--cluster <name>", help: "the cluster, by name or id (default: the only one)" },
    { flags: "--snapshot <file>", help: "take the hosts from a file of `snapshot save`" },
    {
      flags: "--cloud <cloud>",
      help: "where to read the hosts from, when not from a file (default: the running platform)",
      choices: cloudWords,
    },
    { flags: "--host <name...>", help: "instead of a cluster's hosts: these names" },
    {
      flags: "--from <place>",
      help: "where it stands: in the cluster's network, or in none",
      choices: ["inside", "outside"],
      default: "inside",
    },
    {
      flags: "--save-tokens <file>",
      help: "keep the tokens that agents would use in a file of mode 0600, to be shown outside",
    },
    { flags: "--tokens <file>", help: "ask with those tokens, as --save-tokens kept them inside" },
    {
      flags: "--sign-in",
      help: "ask with this machine's Azure credential, too (az login, or AZURE_CLIENT_ID …)",
    },
  ],
  exitCodes: { 0: "it was printed", 1: "the hosts could not be read", 2: "wrong use" },
  examples: [
    "./linkscope probe --emit sh --snapshot aks.json > probe.sh",
    "kubectl exec -n kube-system POD -i -- sh -s < probe.sh > fragment.txt",
    "./linkscope exec --vnet vnet-aks --as aks-one -- ./linkscope probe --snapshot aks.json > fragment.txt",
  ],
  run: async (input, context) => (await import("../doctor/run-probe.ts")).runProbe(input, context),
};
