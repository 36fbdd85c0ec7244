/** When `prove` is asked for more than the running platform on the terminal. */
import type { CommandInput } from "../command.ts";

/** Whether the options ask for more than a proof of the running platform on the terminal. */
export const asksForFacts = (input: CommandInput): boolean =>
  input.text("snapshot") !== undefined ||
  input.text("cloud") !== undefined ||
  input.text("report") !== undefined ||
  input.texts("with").length > 0;
