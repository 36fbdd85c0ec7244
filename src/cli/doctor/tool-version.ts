/** This tool's version, as its manifest says. */
import { readFileSync } from "node:fs";
import { stringAt } from "../../arm/index.ts";
import type { Json } from "../../arm/index.ts";

/** `0.1.0`. */
export function toolVersion(): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return stringAt(JSON.parse(manifest) as Json, "version") ?? "0";
}
