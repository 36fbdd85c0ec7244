/** A sender of remote write that stands in a virtual network, and remembers what was acknowledged. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { audiences } from "../../src/azure/index.ts";
import { machineContext } from "../../src/bin/machine.ts";
import { connectTo } from "../../src/cli/platform/connect.ts";
import type { Connection } from "../../src/cli/platform/connect.ts";
import { lastingTransport } from "../../src/cli/platform/lasting-transport.ts";
import { sendWriteRequest } from "../../src/client/index.ts";
import type { Transport } from "../../src/client/index.ts";
import { CodedError, labelsOf } from "../../src/core/index.ts";
import { platformOf, until } from "./marked-run.ts";

export const context = machineContext(new AbortController().signal);

/** A way into a network of the platform that runs on `data` now. */
export interface Inside {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly close: () => void;
}

/** Goes into a network; waits for a platform that is being started. */
export async function goInside(data: string, vnet: string): Promise<Inside> {
  const file = await until(`a platform runs on ${data}`, () => platformOf(data));
  const connection = connectTo(file, context);
  try {
    const transport = await lastingTransport(connection, { kind: "vnet", vnet });
    const close = (): void => {
      transport.close();
      connection.close();
    };
    return { connection, transport, close };
  } catch (error) {
    connection.close();
    throw error;
  }
}

export interface WriterOptions {
  readonly data: string;
  readonly vnet: string;
  /** `https://…/dataCollectionRules/…/api/v1/write?…`. */
  readonly url: string;
  /** The value of the label `writer`. */
  readonly name: string;
}

const LANES = 4;
export const SERIES_PER_LANE = 5;
/** Between two requests of a lane, so that the load is steady and the answers stay readable. */
const PACE_MS = 3;
const RETRY_MS = 25;

/** Samples of one lane: round `n` has the value `n`, at `timestampsMs[n]`. */
export interface Lane {
  readonly lane: string;
  /** Of every round that was sent; a request is repeated until it is acknowledged. */
  readonly timestampsMs: readonly number[];
  /** Rounds from 0 that were acknowledged; at most one more may be there. */
  readonly acknowledged: number;
}

interface OpenLane {
  readonly lane: string;
  readonly timestampsMs: number[];
  acknowledged: number;
}

export class RecordingWriter {
  readonly #options: WriterOptions;
  readonly #lanes: readonly OpenLane[];
  #inside: Promise<Inside> | undefined;
  #isStopped = false;
  #repeated = 0;
  readonly #ended: Promise<unknown>;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#lanes = Array.from({ length: LANES }, (_, index) => ({
      lane: String(index),
      timestampsMs: [],
      acknowledged: 0,
    }));
    this.#ended = Promise.all(this.#lanes.map((lane) => this.#write(lane)));
    this.#ended.catch(() => {});
  }

  /** Requests that were acknowledged. */
  get acknowledged(): number {
    return this.#lanes.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Requests that got no answer, or one that asks to send again. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Resolves when so many more requests were acknowledged; rejects with what a lane met. */
  async more(count: number, withinMs = 30_000): Promise<void> {
    const goal = this.acknowledged + count;
    const reached = until(
      `${count} more writes are acknowledged`,
      () => this.acknowledged >= goal,
      withinMs,
    );
    await Promise.race([reached, this.#ended]);
  }

  async stop(): Promise<readonly Lane[]> {
    this.#isStopped = true;
    await this.#ended;
    (await this.#inside?.catch(() => undefined))?.close();
    return this.#lanes;
  }

  async #write(lane: OpenLane): Promise<void> {
    while (!this.#isStopped) {
      const timestampMs = Math.max(Date.now(), (lane.timestampsMs.at(-1) ?? 0) + 1);
      const value = lane.timestampsMs.length;
      lane.timestampsMs.push(timestampMs);
      while (!(await this.#sent(lane.lane, { timestampMs, value }))) {
        if (this.#isStopped) return;
        this.#repeated += 1;
        await pause(RETRY_MS);
      }
      lane.acknowledged = lane.timestampsMs.length;
      await pause(PACE_MS);
    }
  }

  /** Whether the request was acknowledged. @throws where the receiver refuses it for good. */
  async #sent(lane: string, sample: { timestampMs: number; value: number }): Promise<boolean> {
    const { name, url, data, vnet } = this.#options;
    const going = (this.#inside ??= goInside(data, vnet));
    const series = Array.from({ length: SERIES_PER_LANE }, (_, index) => ({
      labels: labelsOf({ __name__: "fault_load", writer: name, lane, index: String(index) }),
      samples: [sample],
    }));
    try {
      const { connection, transport } = await going;
      const token = await connection.token(audiences.monitor);
      const { clock } = context;
      const outcome = await sendWriteRequest(series, { transport, clock, url, token });
      const { status, body } = outcome.response;
      assert.ok(
        outcome.kind === "taken" || outcome.kind === "retry",
        `the write was refused with ${status}: ${body.toString()}`,
      );
      return outcome.kind === "taken";
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      // The platform itself may have been started again elsewhere.
      if (this.#inside === going) {
        this.#inside = undefined;
        going.then(
          (inside) => inside.close(),
          () => {},
        );
      }
      return false;
    }
  }
}
