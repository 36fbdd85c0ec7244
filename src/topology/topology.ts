/** The topology as data: what stands where, what leads where, and the verdict on each path. Types only, so that the portal's page shares them. */
import type { Reason } from "../core/index.ts";

/** What a box of the picture stands for. `outside` is every client that is in no network. */
export type NodeKind =
  | "network"
  | "cluster"
  | "endpoint"
  | "zones"
  | "scope"
  | "dce"
  | "workspace"
  | "log-workspace"
  | "firewall"
  | "gateway"
  | "resolver"
  | "on-premises"
  | "outside";

/** One line of a box or of its details: `subnet`, `snet-nodes`. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface TopologyNode {
  /** A resource id in lower case, `outside`, or `zones:` with the networks that a set of zones is linked to. */
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  /** The network that it stands in. */
  readonly networkId?: string;
  /** What the box shows; short. */
  readonly lines: readonly string[];
  /** What a click shows besides. */
  readonly facts: readonly Fact[];
  /** Something is wrong with it, in a few words: `Pending`. */
  readonly alarm?: string;
}

/**
 * The words of the proof, here as the rules decide them on the graph; the proof measures them.
 *
 * - `private`: allowed by a private endpoint, refused outside. `both`: allowed by a private endpoint and outside.
 * - `public`: allowed by a public address. `closed`: refused everywhere. `broken`: does not arrive, or is refused inside.
 * - `unknown`: nobody here can decide (a network security perimeter).
 */
export type FlowVerdict = "private" | "public" | "both" | "closed" | "broken" | "unknown";

/** The proof's path ids; `outside` is a request from no network, `logs-query-arm` one that Resource Manager passes on. */
export type FlowPath =
  | "configuration"
  | "metrics-ingestion"
  | "metrics-query"
  | "logs-ingestion"
  | "logs-ingestion-dce"
  | "logs-query"
  | "logs-query-arm"
  | "outside";

/** One path of one cluster, or the outside's way to one door. */
export interface Flow {
  readonly id: string;
  readonly path: FlowPath;
  readonly title: string;
  readonly verdict: FlowVerdict;
  /** The boxes that it goes by, first to last; it ends where it is stopped. */
  readonly stops: readonly string[];
  /** The door that it is for, in lower case, reached or not. */
  readonly targetId?: string;
  /** Where its requests are counted; absent when none arrive. */
  readonly counted?: CountedWay;
  readonly host?: string;
  /** The chain of a request from where the flow begins. */
  readonly reasons: readonly Reason[];
  /** The chain of the same request from outside. */
  readonly outsideReasons: readonly Reason[];
}

/** A kind of host, the resource that it belongs to, and the way by which requests reach it. */
export interface CountedWay {
  readonly kinds: readonly string[];
  /** Lower case. */
  readonly resourceId: string;
  /** A private endpoint's id in lower case, or `public`. */
  readonly way: string;
}

/** What leads from one box to the next. */
export interface TopologyEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** How the resources are tied: `links`, `approved`, the name of a rule. Empty where only flows tie them. */
  readonly ties: readonly string[];
  /** Ids of the flows that go here. */
  readonly flows: readonly string[];
}

export interface Topology {
  readonly graphVersion: number;
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  readonly flows: readonly Flow[];
  /** Boxes past `limits.topologyNodesMax` that are left out. */
  readonly omitted: number;
}
