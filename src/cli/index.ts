/** The commands and how they are run. */
export type { CliContext, Command, CommandInput } from "./command.ts";
export { commands } from "./commands/index.ts";
export { cliErrors } from "./errors.ts";
export { runCli } from "./program.ts";
