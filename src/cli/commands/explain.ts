/** `explain`: what an error text of an agent, client or tool means; or the page of a check. */
import type { Command } from "../command.ts";
import { isCheckId } from "../doctor/hint.ts";

export const explain: Command = {
  name: "explain",
  summary:
    "Say what an error text of an agent, a client or a tool means, and which check finds its cause; or print a check's page.",
  arguments: [{ word: "[text...]", help: "a log line in quotes, or a check's id, as LS0101" }],
  options: [
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
  run: async ({ words, text }, context) => {
    const [first = ""] = words;
    if (words.length === 1 && isCheckId(first)) {
      return (await import("../doctor/hint.ts")).printHint(first, context);
    }
    const { printExplanation } = await import("../doctor/explain-text.ts");
    return printExplanation(words.join(" "), text("output"), context);
  },
};
