/** `up`: the platform alone, until Ctrl-C. */
import type { CliContext, Command } from "../command.ts";
import { dataFolder, portalAddress } from "../platform/platform-file.ts";
import type { PlatformFile } from "../platform/platform-file.ts";
import { startPlatform } from "../platform/supervise.ts";

export const up: Command = {
  name: "up",
  summary: "Run the platform: control, edge and fabric, on free ports of 127.0.0.1.",
  options: [
    {
      flags: "-o, --output <format>",
      help: "how to print the ready line",
      choices: ["text", "json"],
      default: "text",
    },
    {
      flags: "--no-restart",
      help: "end when one of the processes dies, instead of starting it again",
    },
  ],
  exitCodes: {
    0: "stopped by Ctrl-C or SIGTERM",
    1: "could not start, or a process died for good",
    2: "wrong use",
  },
  examples: ["./linkscope up", "./linkscope up --data /var/tmp/estate -o json"],
  async run(input, context) {
    const platform = await startPlatform(context, {
      data: dataFolder(input, context),
      restart: input.flag("restart"),
    });
    context.out(readyLine(platform.file(), input.text("output") ?? "text"));
    const says = await Promise.race([platform.gone, stopped(context)]);
    await platform.stop();
    if (says === undefined) return 0;
    context.note(`linkscope: ${says}\n`);
    return 1;
  },
};

/** The one line by which a script knows that the platform serves, and where. */
export function readyLine(file: PlatformFile, format: string): string {
  const { arm, ca, credential, data, pid } = file;
  const portal = portalAddress(file);
  if (format === "json") return `${JSON.stringify({ arm, portal, ca, credential, data, pid })}\n`;
  return `ready: ARM ${arm}, portal ${portal}, data ${data}\n`;
}

/** Resolves when the person or the system asks the command to stop. */
export const stopped = (context: CliContext): Promise<undefined> =>
  new Promise((resolve) => {
    if (context.stopped.aborted) resolve(undefined);
    context.stopped.addEventListener("abort", () => resolve(undefined), { once: true });
  });
