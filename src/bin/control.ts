/** Control as a process. */
import { systemClock, systemRandom } from "../core/index.ts";
import { composeControl } from "./compose-control.ts";
import { runPlatformProcess } from "./platform-process.ts";

runPlatformProcess("control", (config) =>
  composeControl(config, {
    clock: systemClock(),
    random: systemRandom(),
    note: (text) => void process.stderr.write(`control: ${text}\n`),
  }),
);
