/** `probe`: finds the hosts, then prints a script, or probes from here. */
import { CodedError } from "../../core/index.ts";
import { clustersNamed, factsOf, loadProbing } from "../../doctor/index.ts";
import type { ProbePlan } from "../../doctor/index.ts";
import { fragmentText, loadAzure } from "../../snapshot/index.ts";
import { toCloudNames } from "../../azure/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { readTokens, saveTokens } from "./probe-tokens.ts";
import { probeHere } from "./probe-here.ts";
import { cloudOf, snapshotOf } from "./sources.ts";

/** Runs `probe` and answers with its exit code. */
export async function runProbe(input: CommandInput, context: CliContext): Promise<number> {
  const place = input.text("from") === "outside" ? "outside" : "inside";
  const { plan, spell } = await planOf(input, context);
  if (input.text("emit") !== undefined) {
    const { probeScript } = await loadProbing();
    context.out(spell(probeScript(plan, place)));
    return 0;
  }
  const signIn = input.flag("sign-in") ? await credentialOf(input) : undefined;
  const brought = input.text("tokens");
  const { fragment, tokens } = await probeHere(plan, {
    place,
    context,
    spell,
    ...(signIn === undefined ? {} : { signIn }),
    ...(brought === undefined ? {} : { brought: readTokens(brought, context) }),
  });
  const into = input.text("save-tokens");
  if (into !== undefined) saveTokens(into, tokens, context);
  context.out(fragmentText(fragment));
  return 0;
}

/** This machine's credential at the cloud that `--cloud` names. */
async function credentialOf(input: CommandInput): Promise<(audience: string) => Promise<string>> {
  const { defaultTokens } = await loadAzure();
  return defaultTokens(cloudOf(input) ?? "AzureCloud");
}

type Plan = Pick<ProbePlan, "hosts"> & Partial<ProbePlan>;

/** The plan, and how its names are spelled in the cloud that it is of. */
async function planOf(
  input: CommandInput,
  context: CliContext,
): Promise<{ readonly plan: Plan; readonly spell: (text: string) => string }> {
  const hosts = input.texts("host");
  if (hosts.length > 0) {
    const wrong = hosts.find((host) => !/^[A-Za-z0-9_.-]{1,253}$/.test(host));
    if (wrong === undefined) return { plan: { hosts }, spell: (text) => text };
    throw new CodedError("WrongUse", `--host: '${wrong}' is no host name.`);
  }
  const { snapshot } = await snapshotOf(input, context);
  const facts = factsOf(snapshot, { nowMs: context.clock.nowMs() });
  const named = input.text("cluster");
  const clusters = named === undefined ? facts.clusters : clustersNamed(facts, named);
  const [clusterId, another] = clusters;
  if (clusterId === undefined || another !== undefined) {
    const says = `Name one cluster with --cluster; there are ${clusters.length}: ${clusters.slice(0, 10).join(", ")}`;
    throw new CodedError("NameNotUnique", says);
  }
  const { probePlan } = await loadProbing();
  const plan = await probePlan(facts.graph, clusterId);
  if (plan === undefined) throw new CodedError("NameNotFound", `There is no cluster ${clusterId}.`);
  return { plan, spell: (text) => toCloudNames(facts.cloud, text) };
}
