/** Every command, in the order of --help. */
import type { Command } from "../command.ts";
import { agent } from "./agent.ts";
import { exec } from "./exec.ts";
import { queryMetrics } from "./query-metrics.ts";
import { resolve } from "./resolve.ts";
import { show } from "./show.ts";
import { token } from "./token.ts";
import { up } from "./up.ts";

export const commands: readonly Command[] = [up, exec, token, resolve, show, queryMetrics, agent];
