/** Error codes of the store: those it throws, and those under which it counts what it refused. */
import type { ErrorCatalogue } from "../core/index.ts";

const refused = { status: 400, fault: "caller", retry: false } as const;

export const storeErrors = {
  StoreBusy: {
    status: 429,
    fault: "platform",
    retry: true,
    means: "The store holds as many bytes as it may, in its head or waiting for the disk.",
    remedy: "Wait as long as Retry-After says, then send the same request again.",
  },
  StoreUnavailable: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "The store cannot write its log, so it acknowledges nothing.",
    remedy:
      "See to the disk of the data folder and restart the platform; senders retry by themselves.",
  },
  InvalidAccountId: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "A workspace's account id is not a GUID in lower case.",
    remedy: "Give the workspace's properties.accountId.",
  },
  InvalidMatcher: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "A label matcher's regular expression is not one of RE2's.",
    remedy: "Correct the expression; RE2 has no look-around and no back references.",
  },
  TooManySamples: {
    status: 422,
    fault: "caller",
    retry: false,
    means: "A selection holds more samples than a query may load.",
    remedy: "Narrow the matchers or the time range.",
  },
  TooManySeries: {
    status: 422,
    fault: "caller",
    retry: false,
    means:
      "A selection holds more series than a query may load; or, in an answer to remote write, the head has as many as it may.",
    remedy: "Narrow the matchers; or drop labels that change often before sending.",
  },
  TooManySeriesInRequest: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "One remote-write request carries more series than the store takes at once.",
    remedy: "Send fewer series in one request.",
  },
  InvalidLabels: {
    ...refused,
    means: "A series has no metric name, or a label's name or text is not valid.",
    remedy: "Send names that match [a-zA-Z_][a-zA-Z0-9_]* and values in UTF-8.",
  },
  TooManyLabels: {
    ...refused,
    means: "A series has more labels than the workspace takes.",
    remedy: "Drop labels before sending.",
  },
  LabelTooLong: {
    ...refused,
    means: "A label's name or value has more bytes than the workspace takes.",
    remedy: "Shorten the label before sending.",
  },
  DuplicateLabel: {
    ...refused,
    means: "A series carries one label name twice.",
    remedy: "Send each label name once.",
  },
  OutOfOrderSample: {
    ...refused,
    means: "A sample is older than the newest one of its series.",
    remedy: "Send each series' samples in order of time.",
  },
  DuplicateSample: {
    ...refused,
    means: "A sample has the time of the newest one of its series and another value.",
    remedy: "Give each source of a series a label of its own.",
  },
  TooOldSample: {
    ...refused,
    means: "A sample is older than the head reaches back.",
    remedy: "Send samples sooner; check the sender's clock.",
  },
  TooFarInFuture: {
    ...refused,
    means: "A sample's time lies too far in the future.",
    remedy: "Check the sender's clock.",
  },
  HistogramNotSupported: {
    ...refused,
    means: "A series carries native histograms, which the store does not take.",
    remedy: "Send classic histograms: one series a bucket.",
  },
  LogsBusy: {
    status: 429,
    fault: "platform",
    retry: true,
    means:
      "A workspace's logs hold as many bytes as they may, waiting for the disk, in the log or in tables; or too many queries wait.",
    remedy: "Wait and send the same request again; if tables are full, lower the retention.",
  },
  LogsUnavailable: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "A workspace's log cannot be written or read, or the engine of logs is away.",
    remedy:
      "Send the same request again in a few seconds; if it stays so, see to the disk of the data folder.",
  },
  LogQueryTimeout: {
    status: 504,
    fault: "caller",
    retry: true,
    means: "A query of logs ran longer than it may.",
    remedy: "Narrow its time range, or summarize less.",
  },
  LogQueryMemory: {
    status: 422,
    fault: "caller",
    retry: false,
    means: "A query of logs needs more memory than a workspace has.",
    remedy: "Narrow its time range, or summarize by fewer groups.",
  },
  LogQueryFailed: {
    ...refused,
    means: "A query of logs cannot be evaluated: a value does not fit its operation.",
    remedy: "Correct the query.",
  },
  LogTransformFailed: {
    ...refused,
    means: "A rule's transformation cannot be applied to the records that were sent.",
    remedy: "Correct the rule's transformKql, or the records.",
  },
  InvalidCustomerId: {
    ...refused,
    means: "A Log Analytics workspace's customer id is not a GUID in lower case.",
    remedy: "Give the workspace's properties.customerId.",
  },
} as const satisfies ErrorCatalogue;
