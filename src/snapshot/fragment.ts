/** Probe fragments: what one place saw of names, connections, requests, files and samples, at one time. */
import type { ResourceId } from "../arm/index.ts";

export const nameOutcomes = ["addresses", "nodata", "nxdomain", "none", "error"] as const;
export const connectionOutcomes = [
  "connected",
  "refused",
  "reset",
  "timeout",
  "untrusted",
  "error",
] as const;

/** What a probe saw from one place. Names are spelled as the public cloud's. */
export interface ProbeFragment {
  /** `inside`: in a virtual network; `outside`: in none. */
  readonly place: "inside" | "outside";
  /** The cluster whose pod or node it ran in, where it was told. */
  readonly clusterId: ResourceId | undefined;
  /** The virtual network that it stood in, where it was told. */
  readonly vnetId: ResourceId | undefined;
  readonly takenAtMs: number;
  /** Whether the environment names a proxy, and what it exempts (`NO_PROXY`). */
  readonly proxy: { readonly used: boolean; readonly exempt: readonly string[] };
  readonly names: readonly NameSeen[];
  readonly connections: readonly ConnectionSeen[];
  readonly requests: readonly RequestSeen[];
  readonly files: readonly FileSeen[];
  readonly samples: readonly SampleSeen[];
}

/** What a name led to, by the place's own resolver or by a named one. */
export interface NameSeen {
  readonly name: string;
  /** `system`, or the address of the resolver that was asked. */
  readonly resolver: string;
  /** `none`: no address, and whether the name is there was not told. */
  readonly outcome: (typeof nameOutcomes)[number];
  readonly addresses: readonly string[];
  readonly aliases: readonly string[];
  /** Why, where it is an error. */
  readonly says: string;
}

/** A TCP connection to port 443 with TLS. */
export interface ConnectionSeen {
  readonly host: string;
  readonly address: string;
  readonly outcome: (typeof connectionOutcomes)[number];
  /** The certificate's issuer and names, where there was one. */
  readonly issuer: string;
  readonly subjectAltName: string;
  readonly validTo: string;
  readonly says: string;
}

/** An HTTPS request; without a token unless `authenticated`. */
export interface RequestSeen {
  readonly host: string;
  readonly method: "GET" | "POST";
  /** What was asked: a path of the telemetry (`configuration`, `metrics-ingestion` …), `health` of an agent, or `reach`. */
  readonly purpose: string;
  readonly authenticated: boolean;
  readonly address: string;
  /** 0 where there was no answer. */
  readonly status: number;
  /** The error code of the answer's body (`AuthorizationFailed`), empty where none was seen. */
  readonly code: string;
  /** `x-ms-agent-config-endpoint` of a 421. */
  readonly redirect: string;
  readonly says: string;
}

/** Whether an agent's file is there: `/etc/mdsd.d/config-cache/metricsextension/TokenConfig.json`. */
export interface FileSeen {
  readonly path: string;
  readonly present: boolean;
}

/** The newest sample or record that a query found; null where it found none. */
export interface SampleSeen {
  readonly clusterId: ResourceId;
  readonly path: string;
  readonly newestMs: number | null;
}
