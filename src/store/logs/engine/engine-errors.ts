/** What the database says, told to a caller: never its own text, which names paths and statements. */
import { CodedError, messageOf } from "../../../core/index.ts";

/** A failed query as a coded error. */
export function queryFailure(
  error: unknown,
  stopped: { readonly by: "timeout" | "caller" | undefined; readonly timeoutMs: number },
): CodedError {
  if (error instanceof CodedError) return error;
  const text = messageOf(error);
  if (stopped.by === "timeout" || (stopped.by === undefined && text.includes("INTERRUPT"))) {
    return new CodedError(
      "LogQueryTimeout",
      `The query ran longer than ${stopped.timeoutMs} ms. Narrow its time range, or summarize less.`,
      { status: 504, cause: error },
    );
  }
  if (stopped.by === "caller") {
    return new CodedError("LogQueryFailed", "The query was given up.", {
      status: 400,
      cause: error,
    });
  }
  if (text.startsWith("Out of Memory Error")) {
    return new CodedError(
      "LogQueryMemory",
      "The query needs more memory than a workspace has. Narrow its time range, or summarize by fewer groups.",
      { status: 422, cause: error },
    );
  }
  const kind = /^([A-Z][A-Za-z ]{2,40}) Error/.exec(text)?.[1] ?? "Engine";
  return new CodedError(
    "LogQueryFailed",
    `The query cannot be evaluated (${kind} Error). A value may not fit its operation.`,
    { status: 400, cause: error },
  );
}

/** Whether records, and not the machine, are what the database could not read. */
export const isDataFailure = (error: unknown): boolean =>
  /^(?:Invalid Input|Conversion|Serialization) Error/.test(messageOf(error));
