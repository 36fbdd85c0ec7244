/** Coded errors: every code is declared in a catalogue with its status, whose fault it is, and the remedy. */

export interface ErrorEntry {
  /** HTTP status where the error travels over HTTP; 0 where it never does. */
  readonly status: number;
  readonly fault: "caller" | "platform" | "world";
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** What the code means, in one sentence. */
  readonly means: string;
  /** What its receiver can do. */
  readonly remedy: string;
}

/** A folder's error codes. Each folder that answers with codes exports one; docs/errors.md is generated from them. */
export type ErrorCatalogue = Readonly<Record<string, ErrorEntry>>;

/** An error with a code of a catalogue. `message` states the fact, the value, the limit and the remedy. */
export class CodedError extends Error {
  readonly code: string;
  readonly status: number;
  readonly target: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { readonly status?: number; readonly target?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CodedError";
    this.code = code;
    this.status = options.status ?? 500;
    this.target = options.target;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
