/** `prove --network`: how a network's remote write reaches a workspace, seen from there and from outside. */
import { CodedError } from "../../core/index.ts";
import { networkProofTarget, observeRemoteWrite, proveNetwork } from "../../onboard/index.ts";
import type { Expectations, Proof } from "../../onboard/index.ts";
import type { CliContext } from "../command.ts";
import type { Connection } from "../platform/connect.ts";
import { standIn } from "../platform/networks.ts";
import type { NamedNetwork } from "../platform/networks.ts";
import { openProbes } from "../platform/probes.ts";
import { proofLines } from "../views/proof.ts";

/**
 * Proves one network's way to a workspace's endpoint.
 *
 * @throws CodedError NameNotFound when the network is gone.
 */
export async function proofOfNetwork(
  connection: Connection,
  { clock, random }: CliContext,
  asked: {
    readonly network: NamedNetwork;
    readonly workspaceId: string;
    readonly expected: Expectations["expected"];
  },
): Promise<Proof> {
  const { network, workspaceId, expected } = asked;
  const about = { networkId: network.id, workspaceId };
  const target = networkProofTarget(await observeRemoteWrite(connection.arm, about), about);
  if (target === undefined) {
    throw new CodedError("NameNotFound", `There is no network ${network.id}.`);
  }
  const probes = await openProbes(connection, { inside: standIn(network), clock, random });
  try {
    return await proveNetwork(probes, target, { clock, expected });
  } finally {
    await probes.close();
  }
}

/** The proof's lines, or JSON. */
export const networkProofText = (proof: Proof, output: string, nowMs: number): string =>
  output === "json"
    ? `${JSON.stringify(proof)}\n`
    : `${proofLines(proof, { nowMs, extra: [] }).join("\n")}\n`;
