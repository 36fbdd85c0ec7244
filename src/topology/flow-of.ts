/** One flow: a request, the way that it took, and the verdict that both give. */
import { idKey } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import type { Outcome, Reason, Verdict } from "../core/index.ts";
import { publicOrigin } from "../rules/index.ts";
import type { Origin, Reach } from "../rules/index.ts";
import type { Flow, FlowPath, FlowVerdict } from "./topology.ts";

/** The box that every client outside of the networks stands in. */
export const outsideId = "outside";

/** One request that a sender makes, and how the rules answer it for an origin. */
export interface Question {
  readonly path: FlowPath;
  readonly kinds: readonly string[];
  readonly host: string;
  /** The door's resource. */
  readonly targetId: ResourceId | undefined;
  readonly beyond: readonly ResourceId[];
  readonly access: (origin: Origin) => Verdict;
  /** Names that must lead into the private link as well. */
  readonly alsoNames: readonly string[];
}

/** Where a request came by, and whether it may pass. */
export interface Way {
  /** Absent when it does not arrive. */
  readonly origin: Origin | undefined;
  /** Gateways and firewalls on the way, in order. */
  readonly by: readonly ResourceId[];
  /** The firewall or the endpoint that lets it go no further. */
  readonly stoppedAt?: ResourceId;
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
}

/** The way of a request that arrived by an origin, with the door's own word; without one it was stopped. */
export function arrived(question: Question, way: Omit<Way, "outcome">): Way {
  const { origin, reasons } = way;
  if (origin === undefined) return { ...way, outcome: "deny" };
  const { by } = way;
  const access = question.access(origin);
  return { origin, by, outcome: access.outcome, reasons: [...reasons, ...access.reasons] };
}

/** What a connection to an address comes by, and where it ends if it is let no further. */
export function stationsOf(reach: Reach): Pick<Way, "by" | "stoppedAt"> {
  const by = reach.hops.filter(({ kind }) => kind === "firewall").map(({ at }) => at);
  if (reach.kind === "endpoint") return { by, stoppedAt: reach.endpointId };
  const last = reach.hops.at(-1);
  return last?.kind === "firewall" && !last.passes
    ? { by: by.slice(0, -1), stoppedAt: last.at }
    : { by };
}

/** The flow of a sender's request. `isWhole`: every other name that it needs leads into the private link as well. */
export function flowOf(
  sender: { readonly id: ResourceId; readonly name: string },
  question: Question,
  way: Way & { readonly isWhole: boolean },
): Flow {
  const { origin } = way;
  const from = idKey(sender.id);
  const outside = question.access(publicOrigin);
  return {
    id: `${question.path} ${from} ${idKey(question.targetId ?? question.host)}`,
    path: question.path,
    title: `${sender.name}: ${question.path}`,
    verdict: verdictOf(way, outside.outcome),
    stops: unrepeated([from, ...stopsOf(way, question)]),
    ...(question.targetId === undefined ? {} : { targetId: idKey(question.targetId) }),
    ...(origin === undefined ? {} : countedAt(question, origin)),
    host: question.host,
    reasons: way.reasons,
    outsideReasons: outside.reasons,
  };
}

function verdictOf(way: Way & { readonly isWhole: boolean }, outside: Outcome): FlowVerdict {
  if (way.outcome === "unknown") return "unknown";
  if (way.outcome === "deny") {
    return way.origin !== undefined && outside === "deny" ? refusedVerdict(way.origin) : "broken";
  }
  if (way.origin?.kind === "public") return "public";
  if (outside === "unknown") return "unknown";
  return outside === "allow" || !way.isWhole ? "both" : "private";
}

/** Refused by a flag on the public way, a path is closed; refused inside the private link, something is missing. */
const refusedVerdict = (origin: Origin): FlowVerdict =>
  origin.kind === "public" ? "closed" : "broken";

function stopsOf(way: Way, question: Question): readonly string[] {
  const { origin, stoppedAt } = way;
  const by = way.by.map(idKey);
  if (origin === undefined && stoppedAt !== undefined) return [...by, idKey(stoppedAt)];
  const target = targetStops(question);
  if (origin === undefined) return [...by, ...target];
  if (origin.kind === "public") return [...by, outsideId, ...target];
  return [...by, idKey(origin.endpointId), idKey(origin.targetId), ...target];
}

/** An endpoint of a workspace leads to the very door: there is no step between. */
const unrepeated = (stops: readonly string[]): readonly string[] =>
  stops.filter((stop, index) => stop !== stops[index - 1]);

const targetStops = ({ targetId, beyond }: Question): readonly string[] =>
  targetId === undefined ? [] : [idKey(targetId), ...beyond.slice(0, 1).map(idKey)];

const countedAt = (
  { kinds, targetId }: Question,
  origin: Origin,
): Pick<Flow, "counted"> | undefined =>
  targetId === undefined
    ? undefined
    : {
        counted: {
          kinds,
          resourceId: idKey(targetId),
          way: origin.kind === "public" ? "public" : idKey(origin.endpointId),
        },
      };
