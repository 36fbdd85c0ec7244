/** ARM's error envelope: the one place where it is made. */
import type { JsonObject } from "./json.ts";
import type { Problem } from "./resource-type.ts";
import type { SchemaProblem } from "./schema.ts";

/** One error within the envelope. */
export interface CloudErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
}

/**
 * `{"error":{"code","message","target?","details?"}}`.
 * @see OData v4 error responses; azure-rest-api-specs common-types v2, ErrorResponse
 */
export function cloudError(
  code: string,
  message: string,
  extra: { readonly target?: string; readonly details?: readonly CloudErrorDetail[] } = {},
): JsonObject {
  const { target, details = [] } = extra;
  return {
    error: {
      code,
      message,
      ...(target === undefined ? {} : { target }),
      ...(details.length === 0 ? {} : { details: details.map((detail) => ({ ...detail })) }),
    },
  };
}

/** Several problems as one answer: the first one's code and status, every one in `details`. */
export function problemsError(problems: readonly Problem[]): {
  readonly status: number;
  readonly body: JsonObject;
} {
  const first = problems[0] ?? {
    code: "InvalidRequestContent",
    message: "The request is invalid.",
  };
  const details = problems.map(({ code, message, target }) => ({
    code,
    message,
    ...(target === undefined ? {} : { target }),
  }));
  return {
    status: first.status ?? 400,
    body: cloudError(first.code, first.message, {
      ...(first.target === undefined ? {} : { target: first.target }),
      details: problems.length === 1 ? [] : details,
    }),
  };
}

/** What the schema found, with ARM's codes: `FeatureNotEmulated` where Azure takes it and the platform does not. */
export const schemaProblems = (problems: readonly SchemaProblem[]): readonly Problem[] =>
  problems.map(({ kind, target, message }) => ({
    code: kind === "refused" ? "FeatureNotEmulated" : "InvalidRequestContent",
    target,
    message,
  }));
