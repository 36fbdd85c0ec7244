/** The translator's lifetime: a worker that starts when it is first wanted, is ended when it is slow, and starts anew. */
import { Worker } from "node:worker_threads";
import { limits } from "../core/index.ts";
import type { Clock, Timer } from "../core/index.ts";
import { kqlError } from "./errors.ts";
import type { FromWorker } from "./kql-worker.ts";
import type { KqlTranslator, TranslateRequest, Translation } from "./seams.ts";

export interface KqlTranslatorOptions {
  readonly clock: Clock;
  /** Ends the worker when nothing was asked for this long, and its 200 MB with it; never where absent. */
  readonly idleMs?: number;
  readonly timeoutMs?: number;
  readonly pendingMax?: number;
  /** Another script for the worker; tests have ones that fail. */
  readonly worker?: URL;
}

interface Job {
  readonly request: TranslateRequest;
  readonly resolve: (translation: Translation) => void;
  readonly reject: (error: Error) => void;
}

/** Opens a translator; nothing is loaded before the first `translate` or `warm`. */
export function createKqlTranslator(options: KqlTranslatorOptions): KqlTranslator {
  return new WorkerTranslator(options);
}

/** The worker's file has this one's ending: `.ts` as developed, `.js` as published. */
const workerUrl = new URL(
  `./kql-worker${/\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"}`,
  import.meta.url,
);

class WorkerTranslator implements KqlTranslator {
  readonly #options: KqlTranslatorOptions;
  readonly #waiting: Job[] = [];
  #worker: Worker | undefined;
  #ready = false;
  #running: Job | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #warming: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(options: KqlTranslatorOptions) {
    this.#options = options;
  }

  translate(request: TranslateRequest): Promise<Translation> {
    return new Promise((resolve, reject) => {
      const pendingMax = this.#options.pendingMax ?? limits.kqlPendingMax;
      if (this.#closed) return reject(kqlError("KqlUnavailable", "The parser is closed."));
      if (this.#waiting.length >= pendingMax) {
        return reject(
          kqlError(
            "KqlUnavailable",
            `${this.#waiting.length} queries wait for the parser; the limit is ${pendingMax}. Send the query again later.`,
          ),
        );
      }
      this.#waiting.push({ request, resolve, reject });
      this.#next();
    });
  }

  warm(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(kqlError("KqlUnavailable", "The parser is closed."));
      if (this.#ready) return resolve();
      this.#warming.push({ resolve, reject });
      this.#start();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const ended = this.#end();
    this.#failAll(kqlError("KqlUnavailable", "The parser was closed before the query was read."));
    await ended;
  }

  /** Gives the worker the next job, where it is ready and idle. */
  #next(): void {
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    const worker = this.#worker ?? this.#start();
    worker.ref();
    if (!this.#ready) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#running = job;
    const timeoutMs = this.#options.timeoutMs ?? limits.kqlTranslateTimeoutMs;
    this.#setTimer(timeoutMs, () => this.#timedOut(timeoutMs));
    worker.postMessage(job.request, []);
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#options.worker ?? workerUrl, {
      name: "kql",
      resourceLimits: { maxOldGenerationSizeMb: limits.kqlWorkerMegabytesMax },
    });
    this.#worker = worker;
    worker.on("message", (message: FromWorker) => this.#receive(worker, message));
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", () => this.#lost(worker, undefined));
    this.#setTimer(limits.kqlLoadTimeoutMs, () => {
      this.#lost(worker, new Error(`it did not load in ${limits.kqlLoadTimeoutMs} ms`));
      void worker.terminate();
    });
    return worker;
  }

  #receive(worker: Worker, message: FromWorker): void {
    if (worker !== this.#worker) return;
    this.#timer?.cancel();
    if (message.kind === "ready") {
      this.#ready = true;
      for (const { resolve } of this.#warming.splice(0)) resolve();
    } else {
      const job = this.#running;
      this.#running = undefined;
      if (message.kind === "translated") job?.resolve(message.translation);
      else job?.reject(kqlError("KqlUnavailable", `The parser failed: ${message.says}`));
    }
    this.#next();
    if (this.#running === undefined) this.#rest(worker);
  }

  /** An idle worker keeps no process alive, and ends after a while. */
  #rest(worker: Worker): void {
    worker.unref();
    const { idleMs } = this.#options;
    if (idleMs !== undefined) this.#setTimer(idleMs, () => void this.#end());
  }

  #timedOut(timeoutMs: number): void {
    const job = this.#running;
    this.#running = undefined;
    void this.#end();
    job?.reject(
      kqlError(
        "KqlTimeout",
        `The query was not parsed within ${timeoutMs} ms, which is the limit. Simplify it.`,
      ),
    );
    this.#next();
  }

  #lost(worker: Worker, error: unknown): void {
    if (worker !== this.#worker) return;
    void this.#end();
    this.#failAll(kqlError("KqlUnavailable", "The parser ended; send the query again.", error));
  }

  #failAll(error: Error): void {
    const running = this.#running === undefined ? [] : [this.#running];
    this.#running = undefined;
    for (const { reject } of [...running, ...this.#waiting.splice(0), ...this.#warming.splice(0)]) {
      reject(error);
    }
  }

  async #end(): Promise<void> {
    this.#timer?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ready = false;
    await worker?.terminate();
  }

  #setTimer(delayMs: number, run: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, run);
  }
}
