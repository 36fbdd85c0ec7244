/** What the edge and the engine's process say to each other: structured clones over the child's channel. */
import type { LogColumn, LogTable } from "../../core/index.ts";
import type { Cutoffs, EngineQuery, FlushResult } from "./engine/engine-workspace.ts";
import type { LogsLimits } from "./logs-limits.ts";
import type { BoundValue, LogAnswer } from "./seams.ts";

export interface TransformAsked {
  readonly sql: string;
  readonly parameters: readonly BoundValue[];
  readonly columns: readonly LogColumn[];
  readonly source: LogTable;
  readonly json: Uint8Array;
  readonly records: number;
  readonly receivedMs: number;
}

export interface Transformed {
  readonly json: Uint8Array;
  readonly records: number;
  readonly dropped: number;
}

/** What is asked of the engine, and what it answers. */
export interface EngineCalls {
  readonly query: {
    readonly asked: {
      readonly workspace: string;
      readonly through: number;
      readonly cutoffs: Cutoffs;
      readonly query: EngineQuery;
      readonly timeoutMs: number;
    };
    readonly answer: LogAnswer;
  };
  readonly flush: {
    readonly asked: {
      readonly workspace: string;
      readonly through: number;
      readonly cutoffs: Cutoffs;
    };
    readonly answer: FlushResult;
  };
  readonly transform: { readonly asked: TransformAsked; readonly answer: Transformed };
  /** Ends its use of a workspace's folder. */
  readonly forget: { readonly asked: { readonly workspace: string }; readonly answer: undefined };
}

export type EngineCallName = keyof EngineCalls;

export type ToEngine =
  /** Once, first. A workspace's folder is its name in `folder`. */
  | { readonly kind: "begin"; readonly folder: string; readonly limits: LogsLimits }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly name: EngineCallName;
      readonly asked: EngineCalls[EngineCallName]["asked"];
    }
  | { readonly kind: "cancel"; readonly id: number };

export type FromEngine =
  | { readonly kind: "ready" }
  | { readonly kind: "note"; readonly workspace: string; readonly says: string }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly answer: EngineCalls[EngineCallName]["answer"];
    }
  | {
      readonly kind: "failure";
      readonly id: number;
      readonly code: string;
      readonly status: number;
      readonly says: string;
    };

/** A started engine, as its starter holds it: a child process, or the same code in this process for tests. */
export interface EngineChannel {
  send(message: ToEngine): void;
  /** Called once, before anything is sent. */
  listen(on: {
    readonly message: (message: FromEngine) => void;
    /** It is gone; nothing more comes. */
    readonly gone: () => void;
  }): void;
  /** Ends it; resolves when it is gone. */
  close(): Promise<void>;
}
