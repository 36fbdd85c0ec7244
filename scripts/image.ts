/** `npm run image [-- --out FILE --arch amd64|arm64]`: the agent's OCI image as an archive, without a container engine. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeAgentImage } from "./image/agent-image.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    out: { type: "string" },
    arch: { type: "string", default: process.arch === "arm64" ? "arm64" : "amd64" },
  },
});
const archive = values.out ?? join(root, `dist/linkscope-agent-${values.arch}.oci.tar`);
const made = await makeAgentImage({
  root,
  archive,
  architecture: values.arch,
  level: 6,
  note: (text) => void process.stderr.write(text),
}).catch((error: unknown) => {
  process.stderr.write(`image: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
process.stdout.write(
  `${archive}: ${made.reference}, ${made.digest}, ${(made.bytes / 1e6).toFixed(0)} MB\n`,
);
