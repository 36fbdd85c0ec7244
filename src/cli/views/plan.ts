/** A plan and what became of it, as lines for people: what is said before, while and after it is applied. */
import { writesOf } from "../../onboard/index.ts";
import type { ApplyEvent, ApplyOutcome, Plan } from "../../onboard/index.ts";
import { printable } from "./table.ts";

/** What a reader should know before anything is written: notes, blockers, and who else uses what closes. */
export function planLines(plan: Plan): readonly string[] {
  const writes = writesOf(plan);
  const kept = plan.changes.length - writes.length;
  const changes = writes.length === 1 ? "1 change" : `${writes.length} changes`;
  const count = `  ${changes}, ${kept} as wanted already`;
  const affected = writes.filter(({ affects }) => affects.length > 0);
  // The notes are about what changes; that nothing does is said by the outcome.
  if (writes.length === 0 && plan.blockers.length === 0) return [];
  return [
    ...plan.notes.map(({ says }) => `  note: ${printable(says)}`),
    ...plan.blockers.map(({ says, code }) => `  ✘ ${printable(says)} (${code})`),
    // What is blocked may have changes all the same; how many is not known.
    ...(plan.blockers.length > 0 ? [] : [count]),
    ...affected.flatMap(({ says, affects }) => [
      `  this one touches others: ${printable(says)}`,
      ...affects.map((other) => `    affected: ${printable(other.says)}`),
    ]),
  ];
}

const glyphs = { create: "+", update: "~", none: "·" } as const;

/** The line of one event; undefined where it has nothing new for a reader. */
export function eventLine(event: ApplyEvent): string | undefined {
  switch (event.kind) {
    case "change":
      return event.state === "written"
        ? `  ${glyphs[event.change.action]} ${printable(event.change.says)}`
        : undefined;
    case "retry":
      return `    again: ${printable(event.says)}`;
    case "wait":
      return `  … ${Math.round(event.elapsedMs / 1000)} s: ${printable(event.says)}`;
    case "step":
      return undefined;
    default:
      return undefined;
  }
}

/** How it ended, what is still open, and which lines of the proof stay public. */
export function outcomeLines(outcome: ApplyOutcome, plan: Plan): readonly string[] {
  if (outcome.kind === "blocked") return ["  ✘ The plan is blocked: nothing was written."];
  const well = outcome.kind === "done" || outcome.kind === "unchanged";
  return [
    `  ${well ? "✔" : "✘"} ${printable(outcome.says)}`,
    ...outcome.open.map(({ id, says }) => `    open: ${printable(says)} (${printable(id)})`),
    ...plan.staysPublic.map(({ says }) => `    ${printable(says)}`),
  ];
}
