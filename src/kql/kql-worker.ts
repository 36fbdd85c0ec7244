/** The parser's thread: loads Kusto's library, warms it with one query, then answers requests one after the other. */
import { parentPort } from "node:worker_threads";
import { assert, messageOf } from "../core/index.ts";
import type { TranslateRequest, Translation } from "./seams.ts";
import { translateKql } from "./translate.ts";

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "translated"; readonly translation: Translation }
  | { readonly kind: "failed"; readonly says: string };

const port = parentPort;
assert(port !== null, "this file runs as a worker");
const answer = (message: FromWorker): void => port.postMessage(message);

port.on("message", (request: TranslateRequest) => {
  try {
    answer({ kind: "translated", translation: translateKql(request) });
  } catch (error) {
    answer({ kind: "failed", says: messageOf(error) });
  }
});

// The first analysis compiles what every later one uses: it costs a second, the next ones milliseconds.
translateKql({
  text: "Warm | where TimeGenerated > ago(1h) and Name has 'a' | extend x = parse_json(Name).y | summarize count() by Name, bin(TimeGenerated, 5m) | top 3 by count_",
  tables: [
    {
      name: "Warm",
      columns: [
        { name: "TimeGenerated", type: "datetime" },
        { name: "Name", type: "string" },
      ],
    },
  ],
  nowMs: 0,
  use: "query",
});
answer({ kind: "ready" });
