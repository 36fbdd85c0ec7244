/** What the store of logs tells its operator: never silent about data that is missing. */
export interface LogsNote {
  readonly kind: "torn-tail-cut" | "segment-set-aside" | "log-failed" | "engine";
  /** Absent where it is about the engine as a whole. */
  readonly customerId: string | undefined;
  readonly says: string;
}
