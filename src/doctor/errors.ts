/** Error codes of the doctor. */
import { CodedError } from "../core/index.ts";
import type { ErrorCatalogue } from "../core/index.ts";

export const doctorErrors = {
  SuppressionsInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The file of suppressions has a mistake.",
    remedy: "The message names the entry; docs/formats/suppressions.md has the format.",
  },
  FragmentMissing: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "No fragment of a probe has the newest data of a path.",
    remedy:
      "Run the probe where an identity may query the workspace, and lay its output over with --with.",
  },
  SignKeyInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The key for a report's signature cannot be used.",
    remedy: "Make one with `openssl genpkey -algorithm ed25519 -out key.pem`.",
  },
  ReportTooLarge: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "A report would have more bytes than are written.",
    remedy: "Prove fewer clusters at once, with --cluster.",
  },
} as const satisfies ErrorCatalogue;

export type DoctorCode = keyof typeof doctorErrors;

export const doctorError = (code: DoctorCode, says: string, cause?: unknown): CodedError =>
  new CodedError(code, says, { status: 0, ...(cause === undefined ? {} : { cause }) });
