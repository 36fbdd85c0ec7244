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

const PROOF_KEY = "linkscope-proof";

/**
 * Shows the token after the # once, and takes it out of the address. What stays is a cookie that no script reads, and a
 * proof that this tab keeps: other ports of the machine are shown the cookie, but never the proof.
 */
export async function openSession(): Promise<void> {
  const token = location.hash.slice(1);
  if (!/^[\w-]{20,100}$/.test(token)) return;
  history.replaceState(null, "", location.pathname);
  try {
    const response = await fetch("/api/session", { method: "POST", body: token });
    if (!response.ok) return;
    const { proof } = (await response.json()) as { readonly proof: string };
    sessionStorage.setItem(PROOF_KEY, proof);
  } catch {
    // Without a session the page says how to open it.
  }
}

/** The picture as it stands. */
export async function readPicture(signal: AbortSignal): Promise<Answer> {
  try {
    const headers = { "x-linkscope-proof": sessionStorage.getItem(PROOF_KEY) ?? "" };
    const response = await fetch("/api/topology", { signal, headers });
    if (response.status === 401) return { kind: "locked" };
    if (!response.ok) return { kind: "failed", says: `It answered ${response.status}.` };
    return { kind: "picture", picture: (await response.json()) as Picture };
  } catch (error) {
    return { kind: "failed", says: error instanceof Error ? error.message : String(error) };
  }
}
