/** Debian's Prometheus as an agent under `exec`, with the configuration that the product printed and rendered. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { projectRoot } from "./command.ts";

export interface PrometheusRun {
  readonly child: ChildProcess;
  /** What it and `exec` said so far. */
  readonly said: () => string;
  /** Ends it as a user would, and answers its exit code. */
  readonly end: () => Promise<number | null>;
}

/**
 * Renders `config` in the place, and starts Prometheus there.
 *
 * @param where the flags of `exec`: `--network hq --gateway`.
 */
export function runPrometheus(options: {
  readonly data: string;
  readonly where: readonly string[];
  readonly config: string;
  /** Where Prometheus listens. */
  readonly address: string;
  /** A proxy to render instead of the environment's. */
  readonly proxy?: string;
}): PrometheusRun {
  const { data, where, config, address, proxy } = options;
  const by = proxy === undefined ? "" : `HTTPS_PROXY="${proxy}" `;
  const entry = join(projectRoot, "src/bin/linkscope.ts");
  const script = [
    `${by}"${process.execPath}" "${entry}" render prometheus --config "${config}" --out "${config}.used" || exit 1`,
    `exec prometheus --enable-feature=agent --config.file="${config}.used" --storage.agent.path="${config}.wal" ` +
      `--web.listen-address=${address} --log.level=warn`,
  ].join("\n");
  const words = [entry, "exec", "--quiet", ...where, "--", "sh", "-c", script];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, LINKSCOPE_DATA: data },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  return {
    child,
    said: () => said.join(""),
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
      return child.exitCode;
    },
  };
}
