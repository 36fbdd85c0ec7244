/** What the page asks of the portal's listener: a session for the token, and the topology with its rates. */
import type { Rates } from "../../src/topology/counters.ts";
import type { Topology } from "../../src/topology/topology.ts";

export interface Picture {
  readonly topology: Topology;
  readonly rates: Rates;
}

export type Answer =
  | { readonly kind: "picture"; readonly picture: Picture }
  | { readonly kind: "locked" }
  | { readonly kind: "failed"; readonly says: string };

/** Shows the token after the # once, and takes it out of the address: what stays is a cookie that no script reads. */
export async function openSession(): Promise<void> {
  const token = location.hash.slice(1);
  if (!/^[\w-]{20,100}$/.test(token)) return;
  history.replaceState(null, "", location.pathname);
  await fetch("/api/session", { method: "POST", body: token }).catch(() => undefined);
}

/** The picture as it stands. */
export async function readPicture(signal: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch("/api/topology", { signal });
    if (response.status === 401) return { kind: "locked" };
    if (!response.ok) return { kind: "failed", says: `It answered ${response.status}.` };
    return { kind: "picture", picture: (await response.json()) as Picture };
  } catch (error) {
    return { kind: "failed", says: error instanceof Error ? error.message : String(error) };
  }
}
