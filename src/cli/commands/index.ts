/** Every command, in the order of --help. */
import type { Command } from "../command.ts";
import { up } from "./up.ts";

export const commands: readonly Command[] = [up];
