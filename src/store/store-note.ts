/** What a store tells its operator: never silent about data that is missing. */
export interface StoreNote {
  readonly kind: "torn-tail-cut" | "segment-set-aside" | "log-failed";
  readonly accountId: string;
  /** One sentence or two, with the file. */
  readonly says: string;
}
