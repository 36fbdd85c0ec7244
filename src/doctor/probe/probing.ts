/** Probing, with what it needs of proofs; loaded only where it is asked for. */
export { fragmentProbes } from "./fragment-probes.ts";
export { probePlan } from "./probe-plan.ts";
export { probeScript } from "./probe-script.ts";
export type { ScriptPlan } from "./probe-script.ts";
