/** The command: words in, exit code out. */
import { loadCommands, runCli } from "../cli/index.ts";
import { machineContext } from "./machine.ts";

const stop = new AbortController();
const ask = (): void => stop.abort(new Error("stopped"));
process.once("SIGINT", ask);
process.once("SIGTERM", ask);
// The terminal was closed; or the `start` that runs this agent is gone.
process.once("SIGHUP", ask);
process.once("disconnect", ask);
// A reader that went away (`linkscope … | head`) ends the command without a trace.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});

// The clock's timers keep no process alive; a command that waits is kept by this one.
const awake = setInterval(() => {}, 60_000);
const words = process.argv.slice(2);
process.exitCode = await runCli(words, await loadCommands(words), machineContext(stop.signal));
clearInterval(awake);
process.off("disconnect", ask);
