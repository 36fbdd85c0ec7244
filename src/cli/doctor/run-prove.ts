/** `prove` over a snapshot and fragments, and its report; live where neither is given. */
import { writeFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { CodedError, limits, messageOf } from "../../core/index.ts";
import {
  clustersNamed,
  factsOf,
  loadProbing,
  loadReporting,
  shellLine,
} from "../../doctor/index.ts";
import type { CheckFacts } from "../../doctor/index.ts";
import { exitOfAll, proofTarget, prove } from "../../onboard/index.ts";
import type { Expected, PathId, Proof, ProofTarget } from "../../onboard/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { connect } from "../platform/connect.ts";
import { proofJson, proofLines } from "../views/proof.ts";
import { laidOver } from "./run-check.ts";
import { fileText, snapshotOf } from "./sources.ts";
import { toolVersion } from "./tool-version.ts";

type Expectations = Readonly<Partial<Record<PathId, Expected>>>;

/** One cluster's proof. */
interface Proven {
  readonly clusterId: string;
  readonly proof: Proof;
}

/** Runs `prove` over facts in files, or writes a report, and answers with the exit code. */
export async function runProve(
  input: CommandInput,
  context: CliContext,
  expected: Expectations,
): Promise<number> {
  if (input.text("network") !== undefined) {
    const says = "--network is proven on the running platform alone, and without a report.";
    throw new CodedError("WrongUse", says);
  }
  const format = reportFormat(input);
  const { snapshot, source } = await snapshotOf(input, context);
  const laid = await laidOver(snapshot, input, context);
  const facts = factsOf(laid.snapshot, { ...laid, nowMs: context.clock.nowMs() });
  // Only into the platform's networks can one go from here; elsewhere fragments tell, or nothing does.
  const live =
    input.text("snapshot") === undefined &&
    snapshot.source === "platform" &&
    laid.probes.length === 0;
  const proofs: Proven[] = [];
  for (const clusterId of clustersOf(facts, input)) {
    const target = proofTarget({ graph: facts.graph, unreadable: [] }, { clusterId });
    if (target === undefined) {
      throw new CodedError("NameNotFound", `There is no cluster ${clusterId} in the facts.`);
    }
    const proof = live
      ? await proofLive(input, context, { target, expected })
      : await proofByFragments(facts, context, { target, expected });
    proofs.push({ clusterId, proof });
  }
  if (!live && facts.probes.length === 0) {
    context.note(
      "No probe tells what is reached: `./linkscope probe --emit sh` makes one for a pod; lay its output over with --with.\n",
    );
  }
  const exit = exitOfAll(proofs.map(({ proof }) => proof));
  print(proofs, exit, { input, context });
  if (format !== undefined) {
    const probed = live ? { probedAtMs: context.clock.nowMs() } : {};
    const subject = { facts, proofs, exit, source, version: toolVersion(), ...probed };
    await writeReport(subject, format, { input, context });
  }
  return exit;
}

function reportFormat(input: CommandInput): "html" | "json" | undefined {
  const file = input.text("report");
  if (file === undefined) {
    if (input.text("sign-key") === undefined) return undefined;
    throw new CodedError("WrongUse", "--sign-key signs a report: give --report FILE as well.");
  }
  if (/\.html?$/i.test(file)) return "html";
  if (/\.json$/i.test(file)) return "json";
  throw new CodedError("WrongUse", `--report: '${file}' must end in .html or .json.`);
}

function clustersOf(facts: CheckFacts, input: CommandInput): readonly string[] {
  const named = input.text("cluster");
  const clusters = named === undefined ? facts.clusters : clustersNamed(facts, named);
  if (clusters.length > 0) return clusters;
  throw new CodedError("NameNotFound", `There is no cluster ${named ?? ""} in the facts.`);
}

async function proofByFragments(
  facts: CheckFacts,
  { clock }: CliContext,
  asked: { readonly target: ProofTarget; readonly expected: Expectations },
): Promise<Proof> {
  const { target, expected } = asked;
  const { fragmentProbes } = await loadProbing();
  return prove(fragmentProbes(facts.probes, target), target, { clock, expected });
}

async function proofLive(
  input: CommandInput,
  context: CliContext,
  asked: { readonly target: ProofTarget; readonly expected: Expectations },
): Promise<Proof> {
  const { proofOf } = await import("../commands/prove.ts");
  const connection = connect(input, context);
  try {
    return await proofOf(connection, context, asked);
  } finally {
    connection.close();
  }
}

interface Printing {
  readonly input: CommandInput;
  readonly context: CliContext;
}

function print(proofs: readonly Proven[], exit: number, { input, context }: Printing): void {
  const own = proofs.map(({ proof }) => proof);
  if (input.text("output") === "json") {
    context.out(`${JSON.stringify(proofJson(own, exit))}\n`);
    return;
  }
  const nowMs = context.clock.nowMs();
  for (const proof of own) context.out(`${proofLines(proof, { nowMs, extra: [] }).join("\n")}\n`);
}

type Subject = Parameters<Awaited<ReturnType<typeof loadReporting>>["reportFile"]>[0];

async function writeReport(
  subject: Subject,
  format: "html" | "json",
  { input, context }: Printing,
): Promise<void> {
  const { digestOf, reportFile, signerOf, verification } = await loadReporting();
  const file = input.text("report") ?? "";
  const keyFile = input.text("sign-key");
  const signer =
    keyFile === undefined
      ? undefined
      : signerOf(fileText(keyFile, context, limits.suppressionsBytesMax), keyFile);
  const signatureFile = `${file}.sig`;
  const verify = shellLine(verification(file, signatureFile));
  const text = reportFile(subject, format, { verification: signer === undefined ? "" : verify });
  write(file, text, context);
  context.note(`${file}: sha256 ${digestOf(text)}\n`);
  if (signer === undefined) return;
  write(signatureFile, signer.sign(text), context);
  context.note(
    `${signatureFile}: Ed25519. With the public key in PUBLIC.pem (openssl pkey -in KEY -pubout -out PUBLIC.pem):\n  ${verify}\n`,
  );
}

function write(file: string, data: string | Buffer, { workingFolder }: CliContext): void {
  const path = isAbsolute(file) ? file : resolve(workingFolder, file);
  try {
    writeFileSync(path, data);
  } catch (error) {
    throw new CodedError("WrongUse", `${file} cannot be written: ${messageOf(error)}`);
  }
}
