/** The engine's process: workspaces opened as they are asked for, queries bounded in number and time, and nothing else. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { assert, CodedError, messageOf } from "../../../core/index.ts";
import type { Clock, Random } from "../../../core/index.ts";
import type { EngineCallName, EngineCalls, FromEngine, ToEngine } from "../engine-messages.ts";
import type { LogsLimits } from "../logs-limits.ts";
import { openDatabase } from "./database.ts";
import type { Database } from "./database.ts";
import { queryFailure } from "./engine-errors.ts";
import { EngineWorkspace } from "./engine-workspace.ts";
import { QueryGate } from "./query-gate.ts";
import { transformPath, transformRecords } from "./transform.ts";
import { Turns } from "./turns.ts";

export interface ServeEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (message: FromEngine) => void;
}

export interface ServedEngine {
  receive(message: ToEngine): void;
  /** Ends what runs; what is hot is in the logs. */
  close(): Promise<void>;
}

/** Answers what the edge asks. Whatever goes wrong is told with a code; the database's own texts stay here. */
export function serveLogEngine(options: ServeEngineOptions): ServedEngine {
  const engine = new LogEngine(options);
  return {
    receive: (message) => engine.receive(message),
    close: () => engine.close(),
  };
}

const INTERRUPT_AGAIN_MS = 20;

interface Running {
  connection: DuckDBConnection | undefined;
  stoppedBy: "timeout" | "caller" | undefined;
}

class LogEngine {
  readonly #options: ServeEngineOptions;
  readonly #markerKey: string;
  readonly #workspaces = new Map<string, Promise<EngineWorkspace>>();
  /** Workspaces that are being closed: one of the same name opens after that. */
  readonly #closing = new Map<string, Promise<void>>();
  readonly #gates = new Map<string, QueryGate>();
  readonly #running = new Map<number, Running>();
  readonly #transforms = new Turns();
  #begun: { readonly folder: string; readonly limits: LogsLimits } | undefined;
  #transformer: Promise<{ readonly database: Database; readonly folder: string }> | undefined;
  #transformNumber = 1;

  constructor(options: ServeEngineOptions) {
    this.#options = options;
    this.#markerKey = `#${options.random.bytes(12).toString("hex")}`;
  }

  receive(message: ToEngine): void {
    switch (message.kind) {
      case "begin":
        this.#begun = message;
        return;
      case "cancel":
        return this.#stop(message.id, "caller");
      case "call":
        void this.#answer(message);
    }
  }

  async close(): Promise<void> {
    for (const id of this.#running.keys()) this.#stop(id, "caller");
    for (const opened of await Promise.allSettled(this.#workspaces.values())) {
      if (opened.status === "fulfilled") await opened.value.close();
    }
    this.#workspaces.clear();
    await this.#transforms.take(() => Promise.resolve());
    (await this.#transformer?.catch(() => undefined))?.database.close();
  }

  async #answer({ id, name, asked }: Extract<ToEngine, { kind: "call" }>): Promise<void> {
    const { send } = this.#options;
    try {
      send({ kind: "answer", id, answer: await this.#call(id, name, asked) });
    } catch (error) {
      const { code, status, message: says } = coded(error);
      send({ kind: "failure", id, code, status, says });
    }
  }

  #call(
    id: number,
    name: EngineCallName,
    asked: EngineCalls[EngineCallName]["asked"],
  ): Promise<EngineCalls[EngineCallName]["answer"]> {
    switch (name) {
      case "query":
        return this.#query(id, asked as EngineCalls["query"]["asked"]);
      case "flush":
        return this.#flush(asked as EngineCalls["flush"]["asked"]);
      case "transform":
        return this.#transform(asked as EngineCalls["transform"]["asked"]);
      case "forget":
        return this.#forget(asked as EngineCalls["forget"]["asked"]);
    }
  }

  async #query(
    id: number,
    { workspace: name, through, cutoffs, query, timeoutMs }: EngineCalls["query"]["asked"],
  ): Promise<EngineCalls["query"]["answer"]> {
    const running: Running = { connection: undefined, stoppedBy: undefined };
    this.#running.set(id, running);
    // Waiting counts: a query has its time from when it was asked.
    const timer = this.#options.clock.after(timeoutMs, () => this.#stop(id, "timeout"));
    const leave = await this.#gateOf(name).enter();
    try {
      if (running.stoppedBy !== undefined) throw new Error("INTERRUPT before the start");
      const workspace = await this.#workspace(name);
      const started = (connection: DuckDBConnection): void => {
        if (running.stoppedBy !== undefined) throw new Error("INTERRUPT before the start");
        running.connection = connection;
      };
      return await workspace.query(query, { through, cutoffs, started });
    } catch (error) {
      throw queryFailure(error, { by: running.stoppedBy, timeoutMs });
    } finally {
      timer.cancel();
      this.#running.delete(id);
      leave();
    }
  }

  #stop(id: number, by: "timeout" | "caller"): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.stoppedBy ??= by;
    running.connection?.interrupt();
    // A statement that was about to start forgets the interrupt; so it comes again until the query has ended.
    this.#options.clock.after(INTERRUPT_AGAIN_MS, () => this.#stop(id, by));
  }

  async #flush({
    workspace: name,
    through,
    cutoffs,
  }: EngineCalls["flush"]["asked"]): Promise<EngineCalls["flush"]["answer"]> {
    const workspace = await this.#workspace(name);
    try {
      return await workspace.flush(through, cutoffs);
    } catch (error) {
      this.#note(name, `Records stay in the log: ${messageOf(error)}`);
      throw error;
    }
  }

  async #transform(
    asked: EngineCalls["transform"]["asked"],
  ): Promise<EngineCalls["transform"]["answer"]> {
    this.#transformer ??= this.#openTransformer();
    const { database, folder } = await this.#transformer;
    return this.#transforms.take(async () => {
      const connection = await database.connect();
      try {
        const path = transformPath(folder, this.#transformNumber++);
        return await transformRecords(connection, asked, { path, markerKey: this.#markerKey });
      } catch (error) {
        const says = "The transformation cannot be applied to these records.";
        throw new CodedError("LogTransformFailed", says, { status: 400, cause: error });
      } finally {
        connection.closeSync();
      }
    });
  }

  async #openTransformer(): Promise<{ readonly database: Database; readonly folder: string }> {
    const { folder: root, limits } = this.#settings();
    const folder = join(root, "transform");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const database = await openDatabase({
      folder,
      memoryBytesMax: limits.logEngineMemoryBytesMax,
      temporaryBytesMax: limits.logEngineTemporaryBytesMax,
    });
    return { database, folder };
  }

  async #forget({ workspace }: EngineCalls["forget"]["asked"]): Promise<undefined> {
    const opened = this.#workspaces.get(workspace);
    if (opened === undefined) return undefined;
    this.#workspaces.delete(workspace);
    this.#gates.delete(workspace);
    const closing = opened.then((one) => one.close()).catch(() => {});
    this.#closing.set(workspace, closing);
    await closing;
    if (this.#closing.get(workspace) === closing) this.#closing.delete(workspace);
    return undefined;
  }

  #workspace(name: string): Promise<EngineWorkspace> {
    const known = this.#workspaces.get(name);
    if (known !== undefined) return known;
    const { folder, limits } = this.#settings();
    const open = async (): Promise<EngineWorkspace> => {
      await this.#closing.get(name);
      return EngineWorkspace.open({
        folder: join(folder, name),
        limits,
        markerKey: this.#markerKey,
        note: (says) => this.#note(name, says),
      });
    };
    const opening = open();
    this.#workspaces.set(name, opening);
    opening.catch((error: unknown) => {
      this.#workspaces.delete(name);
      this.#note(name, `The workspace's tables cannot be opened: ${messageOf(error)}`);
    });
    return opening;
  }

  #gateOf(name: string): QueryGate {
    let gate = this.#gates.get(name);
    if (gate === undefined) {
      const { limits } = this.#settings();
      gate = new QueryGate({
        atOnceMax: limits.logEngineQueriesAtOnceMax,
        waitingMax: limits.logEngineQueriesWaitingMax,
      });
      this.#gates.set(name, gate);
    }
    return gate;
  }

  #settings(): { readonly folder: string; readonly limits: LogsLimits } {
    assert(this.#begun !== undefined, "The engine was asked before it was told its folder.");
    return this.#begun;
  }

  #note(workspace: string, says: string): void {
    this.#options.send({ kind: "note", workspace, says });
  }
}

/** The world failed here: the caller may come again. */
function coded(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const says = "The engine of logs cannot answer now. Ask again later.";
  return new CodedError("LogsUnavailable", says, { status: 503, cause: error });
}
