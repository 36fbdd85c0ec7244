/** What probes saw, as the lines of a case say it. */
import { graphFrom } from "../../../src/arm/index.ts";
import type { ArmResource, ResourceId } from "../../../src/arm/index.ts";
import { cloud } from "../../../src/azure/index.ts";
import { dcesOf, lawsOf } from "../../../src/rules/index.ts";
import type { NameSeen, ProbeFragment, Unread } from "../../../src/snapshot/index.ts";

/** When every case is: its snapshot is just taken. */
export const nowMs = Date.parse("2026-01-01T12:00:00Z");

type Fragment = { -readonly [Key in keyof ProbeFragment]: ProbeFragment[Key] };

/** A case's facts while they are made. */
export interface Work {
  resources: readonly ArmResource[];
  readonly unread: Unread[];
  readonly inside: Fragment;
  readonly outside: Fragment;
}

/** A fragment that has seen nothing yet. */
export const fragment = (
  place: "inside" | "outside",
  clusterId: ResourceId | undefined,
): Fragment => ({
  place,
  clusterId,
  vnetId: undefined,
  takenAtMs: nowMs,
  proxy: { used: false, exempt: [] },
  names: [],
  connections: [],
  requests: [],
  files: [],
  samples: [],
});

/** `global`, `{configuration:DCE}`, `{metrics:DCE}`, `{logs:DCE}`, `{ods:WORKSPACE}`, or the host itself. */
function hostOf({ resources }: Work, word: string): string {
  if (word === "global") return cloud.globalHandlerHost;
  const [, door, name] = /^\{(\w+):([\w-]+)\}$/.exec(word) ?? [];
  if (door === undefined) return word;
  const graph = graphFrom(resources);
  const dce = dcesOf(graph).find((one) => one.name === name);
  const law = lawsOf(graph).find((one) => one.name === name);
  const hosts: Readonly<Record<string, string | undefined>> = {
    configuration: dce?.configurationHost,
    metrics: dce?.metricsHost,
    logs: dce?.logsHost,
    ods: law?.hosts.ods,
  };
  const host = hosts[door];
  if (host === undefined) throw new Error(`'${word}' is no host here`);
  return host;
}

/** Adds what a line says that a probe saw. @throws Error for what no probe sees. */
export function probe(work: Work, words: readonly string[]): void {
  const [what = ""] = words;
  const see = Object.hasOwn(sights, what) ? sights[what] : undefined;
  if (see === undefined) throw new Error(`'${what}' is nothing that a probe sees`);
  see(work, words.slice(1));
}

type Sight = (work: Work, words: readonly string[]) => void;

const name: Sight = (work, [word = "", answer = "", ...rest]) => {
  const outcome: NameSeen["outcome"] =
    answer === "nxdomain" || answer === "error" ? answer : "addresses";
  const addresses = outcome === "addresses" ? answer.split(",") : [];
  const seen = { name: hostOf(work, word), resolver: "system", addresses, aliases: [] };
  work.inside.names = [...work.inside.names, { ...seen, outcome, says: rest.join(" ") }];
};

const connection =
  (signed: boolean): Sight =>
  (work, [word = "", ...rest]) => {
    const seen = {
      host: hostOf(work, word),
      address: "10.0.4.4",
      outcome: signed ? ("connected" as const) : (rest[0] as "timeout"),
      issuer: signed ? rest.join(" ") : "",
      subjectAltName: "",
      validTo: "",
      says: "",
    };
    work.inside.connections = [...work.inside.connections, seen];
  };

const request =
  (place: "inside" | "outside"): Sight =>
  (work, [word = "", status = "", purpose = "configuration", token = ""]) => {
    const seen = {
      host: hostOf(work, word),
      method: "GET" as const,
      purpose,
      authenticated: token !== "anonymous",
      address: "",
      status: Number(status),
      code: "",
      redirect: "",
      says: "",
    };
    work[place].requests = [...work[place].requests, seen];
  };

const file: Sight = ({ inside }, [path = "", state]) => {
  inside.files = [...inside.files, { path, present: state === "present" }];
};

const newest: Sight = ({ inside }, [path = "", ageSeconds = ""]) => {
  const newestMs = ageSeconds === "none" ? null : nowMs - Number(ageSeconds) * 1000;
  const sample = { clusterId: inside.clusterId ?? "", path, newestMs };
  inside.samples = [...inside.samples, sample];
};

const sights: Readonly<Record<string, Sight>> = {
  name,
  certificate: connection(true),
  connection: connection(false),
  request: request("inside"),
  outside: request("outside"),
  file,
  newest,
};
