/** Error codes of the local certificate authority and of private keys at rest. */
import type { ErrorCatalogue } from "../core/index.ts";

export const tlsErrors = {
  HostNameInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "A certificate was asked for something that is not a DNS host name.",
    remedy: "Ask for a host name of letters, digits, hyphens and dots, at most 253 characters.",
  },
  KeyFileExposed: {
    status: 0,
    fault: "world",
    retry: false,
    means: "A file with a private key may be read by others than its owner.",
    remedy: "Delete the file, so that a new key is made, or make it readable to its owner only.",
  },
  KeyFileUnreadable: {
    status: 0,
    fault: "world",
    retry: false,
    means: "A file with a private key cannot be read or is damaged.",
    remedy: "Restore the file, or delete it so that a new key is made.",
  },
  AuthorityExpired: {
    status: 0,
    fault: "world",
    retry: false,
    means: "The local certificate authority is past its life.",
    remedy: "Delete its folder, so that a new authority is made, and hand out its certificate.",
  },
} as const satisfies ErrorCatalogue;
