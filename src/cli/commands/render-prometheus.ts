/** `render prometheus`: completes a Prometheus configuration for where it is to run. It asks nothing of the platform. */
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { CodedError, limits, messageOf } from "../../core/index.ts";
import { renderPrometheus } from "../../onboard/index.ts";
import type { CliContext, Command } from "../command.ts";

export const renderPrometheusFile: Command = {
  name: "render prometheus",
  summary:
    "Set the proxy of this environment in a Prometheus configuration, and write it to a file of mode 0600.",
  options: [
    { flags: "--config <file>", help: "what `enable remote-write` made", required: true },
    {
      flags: "--out <file>",
      help: "where to write it; readable by its owner only",
      required: true,
    },
    {
      flags: "--client-secret-file <file>",
      help: "the secret for azuread, which Prometheus takes in its configuration only",
    },
  ],
  exitCodes: { 0: "it is written", 1: "a file cannot be read or written", 2: "wrong use" },
  examples: [
    "./linkscope exec --network hq --gateway -- sh -c './linkscope render prometheus --config p.yml --out here.yml && exec prometheus --enable-feature=agent --config.file=here.yml'",
  ],
  run(input, context) {
    const fileOf = (name: string): string => resolve(context.workingFolder, input.text(name) ?? "");
    const secretFile = input.text("client-secret-file");
    const clientSecret =
      secretFile === undefined ? undefined : readSmall(fileOf("client-secret-file")).trim();
    const proxyUrl = proxyOf(context);
    const text = renderPrometheus(readSmall(fileOf("config")), { proxyUrl, clientSecret });
    writePrivately(fileOf("out"), text);
    const proxy =
      proxyUrl === undefined
        ? "no proxy: this environment names none"
        : `the proxy at ${new URL(proxyUrl).host}`;
    context.note(`${fileOf("out")} has ${proxy}\n`);
    return Promise.resolve(0);
  },
};

/** The proxy for HTTPS, as programs read it from the environment. */
function proxyOf({ environment }: CliContext): string | undefined {
  const url = environment["HTTPS_PROXY"] ?? environment["https_proxy"];
  if (url === undefined || url === "") return undefined;
  if (URL.canParse(url)) return url;
  // It may carry a secret, so that it is not shown.
  throw new CodedError("WrongUse", "HTTPS_PROXY is set, and is no URL.");
}

function readSmall(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > limits.prometheusFileBytesMax) {
      throw new Error(`it has ${size} bytes; the limit is ${limits.prometheusFileBytesMax}`);
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CodedError("FileUnreadable", `${path} cannot be read: ${messageOf(error)}.`);
  }
}

/** Whole or not at all, and never readable by others, whatever stood there before. */
function writePrivately(path: string, text: string): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  // The mode of a file that stood there already is not changed by writing it.
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}
