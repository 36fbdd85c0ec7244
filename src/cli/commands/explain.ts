/** `explain`: what an error text means, why the platform refused a request, or the page of a check. */
import type { Command } from "../command.ts";

export const explain: Command = {
  name: "explain",
  summary:
    "Say what an error text of an agent, a client or a tool means and which check finds its cause; why the platform refused a request; or print a check's page.",
  arguments: [{ word: "[text]", help: "a log line in quotes, or a check's id, as LS0101" }],
  options: [
    {
      flags: "--request <id>",
      help: "the x-ms-request-id of a request that the running platform refused",
    },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["text", "json"],
      default: "text",
    },
  ],
  exitCodes: { 0: "it is known", 1: "nothing is known of it", 2: "wrong use" },
  failureExit: 2,
  examples: [
    "./linkscope explain 'No configuration present for the AKS resource'",
    "./linkscope explain LS0202",
  ],
  run: async (input, context) =>
    (await import("../doctor/run-explain.ts")).runExplain(input, context),
};
