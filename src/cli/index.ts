/** The commands and how they are run. */
export type { CliContext, Command, CommandInput } from "./command.ts";
export { cliErrors } from "./errors.ts";
export { loadCommands } from "./load-commands.ts";
export { runCli } from "./program.ts";
