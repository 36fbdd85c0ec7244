/** Error codes of the edge itself: requests that reach no service behind it. */
import type { ErrorCatalogue } from "../core/index.ts";

export const edgeErrors = {
  InvalidRequest: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The request's shape is refused: it could be read in two ways.",
    remedy:
      "Send one Host header, a path in origin form without empty, `.` or `..` segments, and one length.",
  },
  RequestTimeout: {
    status: 408,
    fault: "caller",
    retry: true,
    means: "The request's head or body did not arrive in time.",
    remedy: "Send the whole request at once.",
  },
  UriTooLong: {
    status: 414,
    fault: "caller",
    retry: false,
    means: "The request's URL has more bytes than are taken.",
    remedy: "Shorten the URL; a query may be sent as a form with POST.",
  },
  HeadersTooLarge: {
    status: 431,
    fault: "caller",
    retry: false,
    means: "The request's header section has more bytes than are taken.",
    remedy: "Send fewer or shorter headers.",
  },
  MisdirectedRequest: {
    status: 421,
    fault: "caller",
    retry: true,
    means: "The Host header names another host than the TLS handshake did.",
    remedy: "Open a connection for that host.",
  },
  HostNotServed: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "No resource has this host name any more.",
    remedy: "Read the resource's endpoint again.",
  },
  SocketFolderExposed: {
    status: 0,
    fault: "world",
    retry: false,
    means: "The folder of the private link's socket can be entered by others than its owner.",
    remedy: "Run chmod 700 on the folder, or name another.",
  },
  SocketPathTooLong: {
    status: 0,
    fault: "world",
    retry: false,
    means: "The path of the private link's socket has more bytes than the system takes.",
    remedy: "Use a shorter folder.",
  },
} as const satisfies ErrorCatalogue;

export type EdgeErrorCode = keyof typeof edgeErrors;

/** Why a connection was closed before a request of it was answered; a label of the platform's metrics. */
export type CloseReason =
  | "header-invalid"
  | "header-timeout"
  | "header-without-link"
  | "link-unknown"
  | "link-refused"
  | "host-not-served"
  | "host-not-named"
  | "handshake-failed"
  | "handshake-timeout"
  | "too-many-connections";
