/** `impact`: reads the graph, asks who would lose what, and prints it. */
import { parseId, sameId } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import { impactOf } from "../../doctor/index.ts";
import type { Impact, Loss, PlannedChange } from "../../doctor/index.ts";
import { networkTypes, types } from "../../rules/index.ts";
import { graphOf } from "../../snapshot/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { printable } from "../views/table.ts";
import { snapshotOf } from "./sources.ts";

/** Runs `impact`: 0 when nobody would lose anything, 1 when somebody would. */
export async function runImpact(input: CommandInput, context: CliContext): Promise<number> {
  const zone = input.text("link-zone");
  const to = input.text("to");
  if ((zone === undefined) !== (to === undefined)) {
    throw new CodedError("WrongUse", "--link-zone ZONE and --to NETWORK belong together.");
  }
  const { snapshot, source } = await snapshotOf(input, context);
  const graph = graphOf(snapshot);
  const mode = input.text("mode");
  const change: PlannedChange = {
    scopeId: named(graph, types.scope, input.text("scope") ?? ""),
    ...(mode === "Open" || mode === "PrivateOnly" ? { mode } : {}),
    ...(zone === undefined || to === undefined
      ? {}
      : { linkZone: { zone, vnetId: named(graph, networkTypes.vnet, to) } }),
  };
  const answer = impactOf(graph, change);
  if (!answer.ok) throw new CodedError("NameNotFound", answer.says);
  const { impact } = answer;
  const unread = snapshot.record.unread.length;
  context.out(
    input.text("output") === "json"
      ? `${JSON.stringify({ source, ...impact, unread }, undefined, 2)}\n`
      : `${impactLines(impact, { change, source, unread }).join("\n")}\n`,
  );
  return impact.losses.length === 0 ? 0 : 1;
}

/** A resource of a type by its id or its name. */
function named(graph: Graph, type: string, word: string): ResourceId {
  const found = graph
    .ofType(type)
    .filter(({ id, name }) => sameId(id, word) || name.toLowerCase() === word.toLowerCase());
  const [one, ...others] = found;
  const what = `${type} '${printable(word)}'`;
  if (one === undefined) throw new CodedError("NameNotFound", `There is no ${what} in the facts.`);
  if (others.length > 0) {
    const ids = found.map(({ id }) => id).join(", ");
    throw new CodedError("NameNotUnique", `Several resources are ${what}: ${ids}. Give the id.`);
  }
  return one.id;
}

interface Shown {
  readonly change: PlannedChange;
  readonly source: string;
  readonly unread: number;
}

const nameOf = (id: ResourceId): string => printable(parseId(id)?.name ?? id);
const shownNobody = 20;
const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;

/** The impact for people: what would change, who shares the fate, who loses what. */
export function impactLines(impact: Impact, { change, source, unread }: Shown): readonly string[] {
  const { losses, networks, linked, notes } = impact;
  const known = losses.filter(({ users }) => users.length > 0);
  const others = losses.filter(({ users }) => users.length === 0);
  return [
    `${changeWords(change)} (from ${source})`,
    `  ${nameOf(impact.scopeId)} links ${counted(linked.length, "resource")}; its DNS is shared by ${counted(networks.length, "network")}: ${networks.map(nameOf).join(", ") || "none"}.`,
    ...notes.map((note) => `  ${printable(note)}`),
    ...(unread === 0
      ? []
      : [`  ${unread} reads failed: who is not among what was read is not counted here.`]),
    ...(losses.length === 0 ? ["Nobody would lose a way that works today."] : []),
    ...(known.length === 0
      ? []
      : [
          "",
          `${counted(known.length, "way")} of clusters would end:`,
          ...known.flatMap(lossLines),
        ]),
    ...(others.length === 0
      ? []
      : [
          "",
          `${counted(others.length, "way")} would end that others may use:`,
          ...others.slice(0, shownNobody).flatMap(lossLines),
          ...(others.length > shownNobody
            ? [`  and ${others.length - shownNobody} more; -o json has them all.`]
            : []),
        ]),
  ];
}

function changeWords({ scopeId, mode, linkZone }: PlannedChange): string {
  const parts = [
    ...(mode === undefined ? [] : [`${nameOf(scopeId)} becomes ${mode}`]),
    ...(linkZone === undefined
      ? []
      : [`${nameOf(linkZone.zone)} is linked to ${nameOf(linkZone.vnetId)}`]),
  ];
  return parts.length === 0 ? `${nameOf(scopeId)} stays as it is` : parts.join(", and ");
}

const lossLines = ({ networkId, resourceId, use, before, users, why }: Loss): readonly string[] => [
  `  ${nameOf(networkId)}: ${use} of ${nameOf(resourceId)}, ${before} today${users.length === 0 ? "" : `, by ${users.map(nameOf).join(", ")}`}`,
  `    ${printable(why.says)} [${why.rule}]`,
];
