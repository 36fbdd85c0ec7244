/** Kill -9 of the logs' writer, of its engine and of both, at any moment: what was acknowledged is there once. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { CUSTOMER, openSmallStore, readRounds, RECORDS } from "./logs-load.ts";

const WRITER = join(import.meta.dirname, "logs-writer.ts");
const FULL_DISK = join(import.meta.dirname, "logs-full-disk.ts");

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-logs-crash-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

const childrenOf = ({ pid }: ChildProcess): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);

/** The last acknowledged round of each writer. */
type Told = Map<number, number>;

interface Killing {
  readonly folder: string;
  readonly firstRound: number;
  /** The writer is killed when it has told so many rounds. */
  readonly after: number;
  /** Its engine is killed each time it has told so many more. */
  readonly engineEvery?: number;
  /** `quiet`: nobody asks meanwhile, and records go to segments without being hot. */
  readonly manner: "ask" | "quiet";
}

async function writeAndKill(killing: Killing): Promise<Told> {
  const { folder, firstRound, after, engineEvery, manner } = killing;
  const child = spawn(process.execPath, [WRITER, folder, String(firstRound), manner], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const told: Told = new Map();
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [writer = 0, round = 0] = line.split(" ").map(Number);
    told.set(writer, round);
    count++;
    if (engineEvery !== undefined && count % engineEvery === 0) {
      for (const pid of childrenOf(child)) process.kill(pid, "SIGKILL");
    }
    if (count === after) child.kill("SIGKILL");
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  return told;
}

/** Every acknowledged round once, in both tables; of a writer one more may be durable and not yet told. */
async function assertWhole(
  folder: string,
  runs: readonly { readonly firstRound: number; readonly told: Told }[],
): Promise<void> {
  const store = await openSmallStore(folder);
  try {
    const workspace = await store.workspace(CUSTOMER);
    const check = async (): Promise<void> => {
      const found = new Map<string, number>();
      for (const { writer, round, rows, different } of await readRounds(workspace)) {
        assert.deepEqual([rows, different], [2 * RECORDS, 2 * RECORDS], `${writer} ${round}`);
        found.set(`${writer} ${round}`, rows);
      }
      let wanted = 0;
      let untold = 0;
      for (const { firstRound, told } of runs) {
        for (const [writer, last] of told) {
          for (let round = firstRound; round <= last; round++) {
            assert.ok(found.has(`${writer} ${round}`), `${writer} ${round} is missing`);
            wanted++;
          }
          if (found.has(`${writer} ${last + 1}`)) untold++;
        }
      }
      assert.ok(
        found.size <= wanted + untold + runs.length * 4,
        `${found.size} found, ${wanted} told`,
      );
    };
    await check();
    await store.merge(CUSTOMER);
    await check();
    assert.equal(workspace.stats().walBytes, 0);
  } finally {
    await store.close();
  }
}

const ROUNDS_APART = 1_000_000;

test("a writer killed again and again has every acknowledged record once, hot and merged", async (t) => {
  const folder = await folderOf(t);
  const runs = [];
  for (const [index, after] of [1, 40, 150, 400, 200].entries()) {
    const firstRound = index * ROUNDS_APART;
    const manner = index % 2 === 0 ? "quiet" : "ask";
    runs.push({ firstRound, told: await writeAndKill({ folder, firstRound, after, manner }) });
  }
  await assertWhole(folder, runs);
});

test("an engine killed again and again during merges and queries loses and doubles nothing, and its writer goes on", async (t) => {
  const folder = await folderOf(t);
  const runs = [];
  for (const [index, manner] of (["ask", "quiet"] as const).entries()) {
    const firstRound = index * ROUNDS_APART;
    const killing = { folder, firstRound, after: 500, engineEvery: 97, manner };
    runs.push({ firstRound, told: await writeAndKill(killing) });
  }
  await assertWhole(folder, runs);
});

test("writer and engine killed in one moment leave what the next ones take up", async (t) => {
  const folder = await folderOf(t);
  const runs = [];
  for (const [index, after] of [120, 240].entries()) {
    const firstRound = index * ROUNDS_APART;
    runs.push({
      firstRound,
      told: await writeAndKill({ folder, firstRound, after, engineEvery: after, manner: "ask" }),
    });
  }
  await assertWhole(folder, runs);
});

const namespaces = spawnSync("unshare", ["-Urm", "true"]).status === 0;

test(
  "on a full disk nothing is acknowledged that is not kept; with room again all goes on",
  { skip: namespaces ? false : "needs user and mount namespaces" },
  async (t) => {
    const folder = await folderOf(t);
    const script = `mount -t tmpfs -o size=6m tmpfs "$0" && exec "$1" "$2" "$0"`;
    const child = spawn(
      "unshare",
      ["-Urm", "sh", "-c", script, folder, process.execPath, FULL_DISK],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let text = "";
    for await (const chunk of child.stdout) text += String(chunk);
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 0, text);
    const { told, found, codes } = JSON.parse(text) as {
      readonly told: number;
      readonly found: number;
      readonly codes: readonly string[];
    };
    assert.ok(codes.includes("LogsUnavailable"), text);
    assert.equal(found, told);
  },
);
