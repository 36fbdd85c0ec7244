/** What a store tells its operator: never silent about data that is missing. */
export interface StoreNote {
  readonly kind: "torn-tail-cut" | "segment-set-aside" | "log-failed" | "segment-not-deleted";
  readonly accountId: string;
  /** One sentence or two, with the file. */
  readonly says: string;
}
