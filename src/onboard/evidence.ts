/** What a proof sees: only what a client can see on any cloud. */
import type { PathId } from "./paths.ts";

/** What a name led to. `error` where the resolver could not be asked. */
export interface NameEvidence {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly addresses: readonly string[];
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` …; absent where it was not told. */
  readonly rcode?: string;
  readonly error?: string;
}

export interface CertificateSeen {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAltName: string;
  readonly validTo: string;
  readonly fingerprint256: string;
}

/** What a request got. A refused connection is `unreachable`; what could not be tried at all is `untried`. */
export type RequestEvidence =
  | {
      readonly kind: "answered";
      /** The address that was connected to. */
      readonly address: string | undefined;
      /** Verified for the host. */
      readonly certificate: CertificateSeen | undefined;
      readonly status: number;
      readonly bodyExcerpt: string;
    }
  | {
      readonly kind: "unreachable";
      readonly address: string | undefined;
      /** `NameNotFound`, `ConnectionFailed`, `CertificateRefused` … */
      readonly code: string;
      readonly says: string;
    }
  | { readonly kind: "untried"; readonly says: string };

/** Everything that was seen of one path. */
export interface PathEvidence {
  readonly id: PathId;
  readonly host: string | undefined;
  readonly insideName: NameEvidence | undefined;
  readonly inside: RequestEvidence;
  readonly publicName: NameEvidence | undefined;
  /** With the same valid token as inside. */
  readonly public: RequestEvidence;
  /** Hosts of the path that need only resolve privately: the global handler. */
  readonly alsoInside: readonly NameEvidence[];
  /** When the newest sample or record of the cluster was taken; null when there is none; absent when it was not asked. */
  readonly newestSampleMs?: number | null;
  readonly missing: readonly string[];
}

/** One request of a probe. The same token is used inside and outside. */
export interface ProbeRequest {
  readonly host: string;
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What the token is for. */
  readonly audience: string;
  /** Whose token: the agent's identity of this cluster, or the caller's own where absent. */
  readonly asCluster?: string;
  /**
   * Where the token of an ingestion channel is asked for first, as the agent asks: with `audience` and `asCluster`, from
   * inside. The request then carries that token.
   */
  readonly ingestionToken?: { readonly host: string; readonly path: string };
  /**
   * The workspace with which a legacy agent registers first, from inside: the request then carries that agent's
   * certificate, and no token.
   */
  readonly legacyAgent?: LegacyWorkspace;
}

/** Where a legacy agent registers. */
export interface LegacyWorkspace {
  readonly workspaceId: string;
  readonly customerId: string;
  readonly omsHost: string;
}

/** A query of a Log Analytics workspace. */
export interface LogsQuestion {
  readonly host: string;
  /** Its `customerId`. */
  readonly workspace: string;
  readonly kql: string;
}

/** The means of a proof, given by who runs it. None of them throws for what the other side did. */
export interface Probes {
  resolveInside(name: string): Promise<NameEvidence>;
  requestInside(request: ProbeRequest): Promise<RequestEvidence>;
  resolvePublic(name: string): Promise<NameEvidence>;
  requestPublic(request: ProbeRequest): Promise<RequestEvidence>;
  /** The value of an instant query at `host`, in milliseconds; null when it is empty. @throws when it could not be asked. */
  newestSampleMs(query: { readonly host: string; readonly promql: string }): Promise<number | null>;
  /** The one value of a query of logs, asked from inside, in milliseconds; null when it is empty. @throws when it could not be asked. */
  newestRecordMs?(query: LogsQuestion): Promise<number | null>;
}
