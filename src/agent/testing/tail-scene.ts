/** For tests of tails: a container's live file, tails of it that tell what they read, and rotation as the kubelet does it. */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ContainerTail } from "../logs/container-tail.ts";
import type { TailOptions } from "../logs/container-tail.ts";
import type { TraceLanguage } from "../logs/stack-traces.ts";

export const root = mkdtempSync(join(tmpdir(), "linkscope-tail-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));

export const ample = (): boolean => true;
export const EVERYTHING = 64 * 1024 * 1024;

/** A live file, and tails of it that tell what they read. */
export function tailScene(languages: readonly TraceLanguage[] = []) {
  const path = join(mkdtempSync(join(root, "c-")), "0.log");
  writeFileSync(path, "");
  const told: string[] = [];
  const open = (more: Partial<TailOptions> = {}): ContainerTail =>
    new ContainerTail({
      path,
      position: undefined,
      sinceMs: undefined,
      languages: new Set(languages),
      scratch: root,
      emit: ({ stream, text }) => void told.push(stream === "stdout" ? text : `! ${text}`),
      ...more,
    });
  const read = (tail: ContainerTail): readonly string[] => {
    told.length = 0;
    tail.read(EVERYTHING, ample, 0);
    return [...told];
  };
  /** Closes a tail, and opens another where it stood, by way of JSON as the file of positions does. */
  const reopen = (tail: ContainerTail, more: Partial<TailOptions> = {}): ContainerTail => {
    const position = JSON.parse(JSON.stringify(tail.position())) as TailOptions["position"];
    tail.close();
    return open({ position, ...more });
  };
  const write = (...lines: readonly string[]): void => appendFileSync(path, lines.join(""));
  /** Renames the live file as the kubelet does. */
  const rotate = (stamp: string): void => {
    renameSync(path, `${path}.20260101-0000${stamp}`);
    utimesSync(`${path}.20260101-0000${stamp}`, 1_000 + Number(stamp), 1_000 + Number(stamp));
    writeFileSync(path, "");
  };
  /** Packs a rotated file as the kubelet does, later. */
  const compress = (stamp: string): void => {
    const rotated = `${path}.20260101-0000${stamp}`;
    writeFileSync(`${rotated}.gz`, gzipSync(readFileSync(rotated)));
    rmSync(rotated);
  };
  return { path, open, read, reopen, write, rotate, compress, told };
}
