/** Debian's PostgreSQL in a folder of its own, with the table that `bench/logs.ts` compares with. */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { LogRecord } from "./log-records.ts";

export interface Postgres {
  readonly pid: number;
  /** Runs statements over one connection, which stays open until `close`. */
  connect(): PsqlSession;
  close(): Promise<void>;
}

export interface PsqlSession {
  /** Sends statements, and resolves when all of them were done. */
  run(sql: string | Buffer): Promise<string>;
}

/** The server's programs, where Debian puts them; undefined where it is not installed. */
export function postgresPrograms(): string | undefined {
  const parent = "/usr/lib/postgresql";
  if (!existsSync(parent)) return undefined;
  const folders = readdirSync(parent).map((version) => join(parent, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
function userOf(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Starts a server as Debian ships it, but for what makes it durable: on, as it is by default. */
export async function startPostgres(programs: string, folder: string): Promise<Postgres> {
  const user = userOf();
  const data = join(folder, "data");
  mkdirSync(data);
  if (user !== undefined) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  execFileSync(join(programs, "initdb"), ["-D", data, "-A", "trust", "-U", "bench"], {
    ...user,
    stdio: "ignore",
    cwd: folder,
  });
  const settings = ["listen_addresses=", `unix_socket_directories=${folder}`, "fsync=on"];
  settings.push("synchronous_commit=on");
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const server = spawn(join(programs, "postgres"), args, { ...user, stdio: "ignore", cwd: folder });
  const sessions: ChildProcess[] = [];
  const connect = (): PsqlSession => {
    const child = spawn(
      join(programs, "psql"),
      ["-qAtX", "-h", folder, "-U", "bench", "postgres"],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    sessions.push(child);
    return sessionOf(child);
  };
  while (!existsSync(join(folder, ".s.PGSQL.5432"))) await wait(50);
  return {
    pid: server.pid ?? 0,
    connect,
    close: async () => {
      for (const session of sessions) session.stdin?.end();
      const ended = once(server, "exit");
      server.kill("SIGINT");
      await ended;
    },
  };
}

function sessionOf(child: ChildProcess): PsqlSession {
  let text = "";
  let told: (() => void) | undefined;
  child.stdout?.on("data", (chunk) => {
    text += String(chunk);
    if (text.includes("--done--")) told?.();
  });
  return {
    async run(sql) {
      text = "";
      const done = new Promise<void>((resolve) => (told = resolve));
      child.stdin?.write(sql);
      child.stdin?.write("\n\\echo --done--\n");
      await done;
      return text.replace("--done--", "").trim();
    },
  };
}

/**
 * What PostgreSQL does with the records: `columns` are split beforehand, so that it parses no JSON; with `index`, sorted by time;
 * `json` takes each record as it was sent, as ours does, with the same index.
 */
export type PostgresTable = "columns, index" | "columns" | "json, index";

/** The columns of ContainerLogV2; types as a PostgreSQL user would choose them. */
export const createTable = (table: PostgresTable): string =>
  table === "json, index"
    ? `DROP TABLE IF EXISTS logs; CREATE TABLE logs (record jsonb, _timereceived timestamptz); CREATE INDEX ON logs ((record->>'TimeGenerated'));`
    : `DROP TABLE IF EXISTS logs; CREATE TABLE logs (timegenerated timestamptz NOT NULL, computer text, containerid text, containername text,
   podname text, podnamespace text, logmessage jsonb, logsource text, loglevel text, kubernetesmetadata jsonb, tenantid text, type text,
   _timereceived timestamptz);${table === "columns, index" ? " CREATE INDEX ON logs (timegenerated);" : ""}`;

const tenant = "00000000-0000-0000-0007-00000000000a";

/** A COPY of one batch, with its data: one transaction. */
export function copyBatch(
  records: readonly LogRecord[],
  { receivedMs, table }: { readonly receivedMs: number; readonly table: PostgresTable },
): string {
  const received = new Date(receivedMs).toISOString();
  const line = table === "json, index" ? jsonLine : columnsLine;
  const lines = records.map((record) => [...line(record), received].join("\t"));
  return `COPY logs FROM STDIN;\n${lines.join("\n")}\n\\.\n`;
}

const escaped = (value: unknown): string => JSON.stringify(value).replaceAll("\\", "\\\\");

const jsonLine = (record: LogRecord): readonly string[] => [escaped(record)];

const columnsLine = (record: LogRecord): readonly string[] => [
  record.TimeGenerated,
  record.Computer,
  record.ContainerId,
  record.ContainerName,
  record.PodName,
  record.PodNamespace,
  escaped(record.LogMessage),
  record.LogSource,
  "\\N",
  "\\N",
  tenant,
  "ContainerLogV2",
];
