/** `--wait`: looks again while waiting can help. */
import { sleep } from "../../core/index.ts";
import { patienceMs } from "../../doctor/index.ts";
import type { CheckReport } from "../../doctor/index.ts";
import type { CliContext } from "../command.ts";

/** How often it looks again, milliseconds. */
const LOOK_AGAIN_MS = 15_000;

/** Looks again until nothing fails that waiting could help, or the time of the check that takes longest has passed. */
export async function untilSettled<Seen extends { readonly report: CheckReport }>(
  first: Seen,
  look: () => Promise<Seen>,
  { clock, note, stopped }: Pick<CliContext, "clock" | "note" | "stopped">,
): Promise<Seen> {
  const startMs = clock.nowMs();
  let seen = first;
  for (;;) {
    const untilMs = startMs + patienceMs(seen.report);
    const leftMs = untilMs - clock.nowMs();
    if (leftMs <= 0) return seen;
    const late = seen.report.results.filter(
      ({ check, finding, explainedBy }) =>
        explainedBy === undefined &&
        check.retryMs !== undefined &&
        (finding.status === "fail" || finding.status === "waiting"),
    );
    note(
      `waiting for ${[...new Set(late.map(({ check }) => check.id))].join(", ")}: up to ${Math.ceil(leftMs / 1000)} s\n`,
    );
    await sleep(clock, Math.min(LOOK_AGAIN_MS, leftMs), stopped);
    seen = await look();
  }
}
