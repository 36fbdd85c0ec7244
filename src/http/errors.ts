/** Error codes that any HTTP front door of the platform may answer with. */
import type { ErrorCatalogue } from "../core/index.ts";

export const httpErrors = {
  BodyTooLarge: {
    status: 413,
    fault: "caller",
    retry: false,
    means: "The request body has more bytes than the front door takes.",
    remedy: "Send less in one request.",
  },
  InternalServerError: {
    status: 500,
    fault: "platform",
    retry: true,
    means: "The platform failed in a way that has no code of its own.",
    remedy: "Retry; if it stays, report the message.",
  },
} as const satisfies ErrorCatalogue;
