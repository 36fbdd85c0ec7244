/** `prove`: a line for each path of a cluster's telemetry: what was seen from inside and from outside, and the verdict. */
import { sameId, stringAt } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import {
  exitOfAll,
  isPathId,
  laterPathIds,
  observe,
  pathIds,
  proofTarget,
  prove as proveCluster,
} from "../../onboard/index.ts";
import type { Expected, Observed, PathId, Proof, ProofTarget } from "../../onboard/index.ts";
import type { CliContext, Command } from "../command.ts";
import { asksForFacts } from "../doctor/asks-for-facts.ts";
import { cloudWords } from "../doctor/cloud-words.ts";
import { connect, findResource } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { accessLines } from "../platform/access-log.ts";
import { findNetwork } from "../platform/networks.ts";
import { clusterIdsOf } from "../platform/onboarding.ts";
import { openProbes } from "../platform/probes.ts";
import { types } from "../types.ts";
import { proofJson, proofLines } from "../views/proof.ts";
import { networkProofText, proofOfNetwork } from "./prove-network.ts";

export const prove: Command = {
  name: "prove",
  summary:
    "Prove that a cluster's telemetry takes the private way, and that the public way is refused.",
  options: [
    { flags: "--cluster <name>", help: "the cluster, by name or id (default: all)" },
    {
      flags: "--network <name>",
      help: "instead of clusters: remote write from this virtual or on-premises network",
    },
    { flags: "--workspace <name>", help: "with --network: the workspace that it writes into" },
    {
      flags: "--expect <path=verdict>",
      help: `what a path must be instead of private: ${pathIds[2]}=public; several with commas`,
    },
    { flags: "--snapshot <file>", help: "prove from a file of `snapshot save`, with --with" },
    {
      flags: "--cloud <cloud>",
      help: "read the resources from a cloud (default: the running platform)",
      choices: cloudWords,
    },
    { flags: "--with <file...>", help: "what probes saw, inside and outside" },
    { flags: "--report <file>", help: "write a report as well: FILE.html or FILE.json" },
    { flags: "--sign-key <file>", help: "sign the report: an Ed25519 private key, PEM" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["table", "json"],
      default: "table",
    },
  ],
  exitCodes: {
    0: "every path is as expected",
    1: "a path is not as expected",
    2: "it could not be told, or wrong use",
  },
  failureExit: 2,
  examples: [
    "./linkscope prove",
    "./linkscope prove --cluster aks-one --expect metrics-query=public -o json",
    "./linkscope prove --snapshot aks.json --with inside.txt outside.txt --report proof.html",
  ],
  async run(input, context) {
    const expected = expectations(input.text("expect"));
    if (asksForFacts(input)) {
      return (await import("../doctor/run-prove.ts")).runProve(input, context, expected);
    }
    const connection = connect(input, context);
    try {
      const named = input.text("network");
      if (named !== undefined) {
        if (input.text("cluster") !== undefined || input.text("workspace") === undefined) {
          throw new CodedError("WrongUse", "--network needs --workspace, and no --cluster.");
        }
        const proof = await proofOfNetwork(connection, context, {
          network: await findNetwork(connection, named),
          workspaceId: await findResource(
            connection,
            types.workspace.type,
            input.text("workspace") ?? "",
          ),
          expected,
        });
        const output = input.text("output") ?? "";
        context.out(networkProofText(proof, output, context.clock.nowMs()));
        return proof.exit;
      }
      const proofs: Proof[] = [];
      for (const clusterId of await clusterIdsOf(connection, input.text("cluster"))) {
        const observed = await observe(connection.arm, { clusterId });
        const target = proofTarget(observed, { clusterId });
        if (target === undefined)
          throw new CodedError("NameNotFound", `There is no cluster ${clusterId}.`);
        const proof = await proofOf(connection, context, { target, expected });
        proofs.push(proof);
        if (input.text("output") !== "json")
          context.out(
            `${proofLines(proof, { nowMs: context.clock.nowMs(), extra: [...accessExtra(observed, target), ...accessLines(connection.file.data, hostsOf(target))] }).join("\n")}\n`,
          );
      }
      const exit = exitOfAll(proofs);
      if (input.text("output") === "json")
        context.out(`${JSON.stringify(proofJson(proofs, exit))}\n`);
      return exit;
    } finally {
      connection.close();
    }
  },
};

/** Probes one cluster from its own network and from outside. */
export async function proofOf(
  connection: Connection,
  { clock, random }: CliContext,
  asked: {
    readonly target: ProofTarget;
    readonly expected: Readonly<Partial<Record<PathId, Expected>>>;
  },
): Promise<Proof> {
  const { target, expected } = asked;
  if (target.vnetId === undefined) {
    throw new CodedError(
      "ClusterWithoutNetwork",
      `The network of ${target.clusterName} is not known, so nothing can stand in it: ${target.missing.join(" ")}`,
    );
  }
  const probes = await openProbes(connection, {
    inside: { kind: "vnet", vnet: target.vnetId, as: target.clusterId },
    clock,
    random,
  });
  try {
    return await proveCluster(probes, target, { clock, expected });
  } finally {
    await probes.close();
  }
}

function expectations(text: string | undefined): Readonly<Partial<Record<PathId, Expected>>> {
  const expected: Partial<Record<PathId, Expected>> = {};
  for (const part of (text ?? "").split(",").filter((one) => one !== "")) {
    const [path = "", verdict = ""] = part.split("=");
    if (!isPathId(path) || !["private", "public", "closed"].includes(verdict)) {
      const later = (laterPathIds as readonly string[]).includes(path)
        ? ` ${path} comes with Managed Grafana.`
        : "";
      throw new CodedError(
        "WrongUse",
        `'${part}' is no expectation. Write PATH=private, public or closed; paths are ${pathIds.join(", ")}.${later}`,
      );
    }
    expected[path] = verdict as Expected;
  }
  return expected;
}

export const hostsOf = (target: ProofTarget): readonly (string | undefined)[] => [
  target.configurationHost,
  target.metricsHost,
  target.queryHost,
  target.logs?.odsHost,
  target.logs?.highScale?.host,
  target.logs?.queryHost,
  target.logs?.armHost,
];

/** How the public flags stand: what ARM says beside what was seen. */
function accessExtra({ graph }: Observed, target: ProofTarget): readonly string[] {
  const text = (id: string | undefined, ...path: readonly string[]): string | undefined => {
    const resource = id === undefined ? undefined : graph.get(id);
    return resource === undefined ? undefined : stringAt(resource.properties, ...path);
  };
  const dce = text(target.dceId, "networkAcls", "publicNetworkAccess");
  const workspace = text(target.workspaceId, "publicNetworkAccess");
  const lines = [];
  if (dce !== undefined)
    lines.push(`ARM says: public access of ${target.dceId?.split("/").at(-1)} is ${dce}`);
  if (workspace !== undefined && !sameId(target.workspaceId, target.dceId)) {
    lines.push(
      `ARM says: public query of ${target.workspaceId?.split("/").at(-1)} is ${workspace}`,
    );
  }
  const lawId = target.logs?.workspaceId;
  for (const [what, flag] of [
    ["ingestion", "publicNetworkAccessForIngestion"],
    ["query", "publicNetworkAccessForQuery"],
  ] as const) {
    const access = text(lawId, flag);
    if (access !== undefined)
      lines.push(`ARM says: public ${what} of ${lawId?.split("/").at(-1)} is ${access}`);
  }
  return lines;
}
