/** Turns the table of commands into commander's program, and one thrown error into one line. */
import { Command as Program, CommanderError, Option } from "commander";
import { CodedError, messageOf } from "../core/index.ts";
import type { CliContext, Command, CommandInput } from "./command.ts";

/** Exit code for words that make no command. */
export const USAGE_EXIT = 2;

/**
 * Runs the command that `words` name.
 *
 * @returns its exit code; 2 for wrong use; when it threw, its `failureExit`, with the error's sentence as a note.
 */
export async function runCli(
  words: readonly string[],
  commands: readonly Command[],
  context: CliContext,
): Promise<number> {
  let exitCode = 0;
  const program = programOf(commands, context, async (command, input) => {
    exitCode = command.failureExit ?? 1;
    exitCode = await command.run(input, context);
  });
  try {
    await program.parseAsync([...words], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
    const code = error instanceof CodedError ? ` (${error.code})` : "";
    context.note(`linkscope: ${messageOf(error)}${code}\n`);
    return error instanceof CodedError && error.code === "WrongUse" ? USAGE_EXIT : exitCode;
  }
}

function programOf(
  commands: readonly Command[],
  context: CliContext,
  run: (command: Command, input: CommandInput) => Promise<void>,
): Program {
  const program = base("linkscope", context)
    .description("Puts Kubernetes monitoring on an Azure Monitor private link, and proves it.")
    .enablePositionalOptions();
  const groups = new Map<string, Program>();
  for (const command of commands) {
    const [first = "", second] = command.name.split(" ");
    const parent =
      second === undefined ? program : groupOf(program, groups, { name: first, commands, context });
    const added = parent.command(second ?? first).description(command.summary);
    configure(added, { name: `linkscope ${command.name}`, context });
    // `show` is a command, and the group of `show topology` as well.
    if (second === undefined) groups.set(first, added.enablePositionalOptions());
    declare(added, command);
    added.action(() => {
      requireOptions(added, command);
      return run(command, inputOf(added));
    });
  }
  return program;
}

function groupOf(
  program: Program,
  groups: Map<string, Program>,
  {
    name,
    commands,
    context,
  }: {
    readonly name: string;
    readonly commands: readonly Command[];
    readonly context: CliContext;
  },
): Program {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = program
    .command(name)
    .description(groupSummary(name, commands))
    .enablePositionalOptions();
  configure(group, { name: `linkscope ${name}`, context });
  groups.set(name, group);
  return group;
}

/** The commands of a group: `metrics: Ask a workspace in PromQL.` */
const groupSummary = (name: string, commands: readonly Command[]): string =>
  commands
    .filter((command) => command.name.startsWith(`${name} `))
    .map((command) => `${command.name.slice(name.length + 1)}: ${command.summary}`)
    .join(" ");

const base = (name: string, context: CliContext): Program =>
  configure(new Program(name), { name, context });

function configure(
  program: Program,
  { name, context }: { readonly name: string; readonly context: CliContext },
): Program {
  return program
    .exitOverride()
    .configureOutput({
      writeOut: context.out,
      writeErr: context.note,
      outputError: (text, write) => write(text.replace(/^error: /, "linkscope: ")),
    })
    .showHelpAfterError(`\`./${name} --help\` says how to use it.`)
    .helpOption("-h, --help", "how to use it")
    .helpCommand("help [command]", "how to use a command");
}

function declare(program: Program, command: Command): void {
  for (const { word, help } of command.arguments ?? []) program.argument(word, help);
  program.option(
    "--data <folder>",
    "the platform's data folder (LINKSCOPE_DATA, default .linkscope)",
  );
  for (const spec of command.options ?? []) {
    const option = new Option(spec.flags, spec.help);
    if (spec.default !== undefined) option.default(spec.default);
    if (spec.choices !== undefined) option.choices(spec.choices);
    program.addOption(option);
  }
  if (command.passThrough === true) program.passThroughOptions();
  const codes = Object.entries(command.exitCodes).map(([code, says]) => `  ${code}  ${says}`);
  const examples = (command.examples ?? []).map((line) => `  ${line}`);
  program.addHelpText(
    "after",
    [
      "",
      "Exit codes:",
      ...codes,
      ...(examples.length > 0 ? ["", "Examples:", ...examples] : []),
    ].join("\n"),
  );
}

/** Commander would ask a command's options of its subcommands too: `agent` has a cluster, and so has `agent logs`. */
function requireOptions(program: Program, { options = [] }: Command): void {
  const missing = options.find(
    ({ flags, required }) =>
      required === true && program.getOptionValue(new Option(flags).attributeName()) === undefined,
  );
  if (missing === undefined) return;
  program.error(`error: required option '${missing.flags}' not specified`, {
    code: "commander.missingMandatoryOptionValue",
  });
}

function inputOf(program: Program): CommandInput {
  const options = new Map(Object.entries(program.opts()));
  const key = (name: string): string =>
    name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return {
    words: program.args,
    text: (name) => {
      const value: unknown = options.get(key(name));
      return typeof value === "string" ? value : undefined;
    },
    flag: (name) => options.get(key(name)) === true,
    texts: (name) => {
      const values: unknown = options.get(key(name));
      return Array.isArray(values) ? values.filter((one) => typeof one === "string") : [];
    },
  };
}
