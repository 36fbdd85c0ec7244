/** Codes of `exec` and of the client of the fabric's administration socket. */
import type { ErrorCatalogue } from "../../core/index.ts";

export const execErrors = {
  NamespaceRefused: {
    status: 0,
    fault: "world",
    retry: false,
    means: "A namespace was demanded, and the machine gives none to this user.",
    remedy: "Allow unprivileged user namespaces, or use --gateway.",
  },
  PlatformUnavailable: {
    status: 0,
    fault: "world",
    retry: true,
    means: "Nothing answers on the fabric's administration socket.",
    remedy: "Start the platform with `linkscope up`, or name its folder with --data.",
  },
} as const satisfies ErrorCatalogue;
