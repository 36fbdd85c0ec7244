/** Discovery: follows the objects that jobs ask for, and gives the targets that they are, settled for a moment. */
import {
  endpointSliceView,
  endpointsView,
  nodeView,
  podView,
  serviceView,
  startReflector,
} from "../client/index.ts";
import type {
  EndpointsView,
  KubernetesClient,
  NodeView,
  ObjectView,
  PodView,
  Reflector,
  ServiceView,
} from "../client/index.ts";
import { limits } from "../core/index.ts";
import type { Clock, Random, Timer } from "../core/index.ts";
import { jobTarget } from "./job-target.ts";
import type { JobTarget } from "./job-target.ts";
import { endpointsTargets, nodeTargets, podTargets, serviceTargets } from "./kubernetes-roles.ts";
import type { Surroundings } from "./kubernetes-roles.ts";
import type { LabelMap } from "./relabel.ts";
import type { KubernetesDiscovery, KubernetesRole, ScrapeJob } from "./scrape-job.ts";

export interface DiscoveryOptions {
  readonly jobs: readonly ScrapeJob[];
  /** Undefined where there is no cluster to ask: jobs with `kubernetes_sd_configs` then have none of its targets. */
  readonly client: KubernetesClient | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Takes all targets whenever they have changed. */
  readonly targets: (targets: readonly JobTarget[]) => void;
}

export interface DiscoveryState {
  readonly targets: number;
  readonly dropped: number;
  /** Targets that are none after relabelling, and why the last of them. */
  readonly invalid: number;
  readonly lastInvalid: string | undefined;
  /** Targets beyond `target_limit` and `limits.discoveredTargetsMax`. */
  readonly beyondLimit: number;
  /** What is followed, and why it is not at the moment. */
  readonly lists: readonly {
    readonly path: string;
    readonly synced: boolean;
    readonly objects: number;
    readonly failure: string | undefined;
  }[];
}

export interface Discovery {
  state(): DiscoveryState;
  stop(): Promise<void>;
}

/** Starts to follow; static targets are given at once. */
export function startDiscovery(options: DiscoveryOptions): Discovery {
  return new DiscoveryRun(options);
}

const KINDS = {
  node: { collection: "/api/v1/nodes", view: nodeView },
  pod: { collection: "/api/v1", resource: "pods", view: podView },
  service: { collection: "/api/v1", resource: "services", view: serviceView },
  endpoints: { collection: "/api/v1", resource: "endpoints", view: endpointsView },
  endpointslice: {
    collection: "/apis/discovery.k8s.io/v1",
    resource: "endpointslices",
    view: endpointSliceView,
  },
} as const;

type View = NodeView | PodView | ServiceView | EndpointsView;

/** One list that is followed, with who is to be told of a change. */
interface Followed {
  readonly path: string;
  readonly objects: Map<string, ObjectView>;
  readonly reflector: Reflector;
  readonly watchers: Set<(key: string | undefined) => void>;
}

interface Outcome {
  readonly targets: readonly JobTarget[];
  readonly dropped: number;
  readonly invalid: number;
}

class DiscoveryRun implements Discovery {
  readonly #options: DiscoveryOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #groups: Group[] = [];
  readonly #static: readonly Outcome[];
  #timer: Timer | undefined;
  #stopped = false;
  #lastInvalid: string | undefined;
  #beyond = 0;
  #count = 0;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#static = options.jobs.map((job) => this.#outcome(job, staticLabels(job)));
    for (const job of options.jobs) {
      for (const discovery of job.kubernetes) this.#addGroups(job, discovery);
    }
    this.#give();
  }

  state(): DiscoveryState {
    const all = this.#outcomes();
    return {
      targets: this.#count,
      dropped: all.reduce((sum, { dropped }) => sum + dropped, 0),
      invalid: all.reduce((sum, { invalid }) => sum + invalid, 0),
      lastInvalid: this.#lastInvalid,
      beyondLimit: this.#beyond,
      lists: [...this.#followed.values()].map(({ path, objects, reflector }) => {
        const { synced, failure } = reflector.state();
        return { path, synced, objects: objects.size, failure };
      }),
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.all([...this.#followed.values()].map(({ reflector }) => reflector.stop()));
  }

  /** A discovery is one group for each of its namespaces. */
  #addGroups(job: ScrapeJob, discovery: KubernetesDiscovery): void {
    const { client } = this.#options;
    if (client === undefined) return;
    const own = discovery.ownNamespace ? [client.namespace] : [];
    const names = [...new Set([...discovery.namespaces, ...own])];
    const namespaces = names.length === 0 || discovery.role === "node" ? [undefined] : names;
    for (const namespace of namespaces) this.#addGroup({ job, discovery, namespace });
  }

  #addGroup(one: {
    readonly job: ScrapeJob;
    readonly discovery: KubernetesDiscovery;
    readonly namespace: string | undefined;
  }): void {
    const { job, discovery, namespace } = one;
    const { role, attachNode } = discovery;
    const follow = (of: KubernetesRole): Followed =>
      this.#follow(of, { discovery, namespace: of === "node" ? undefined : namespace });
    const primary = follow(role);
    const grouped = role === "endpoints" || role === "endpointslice";
    const pods = grouped ? follow("pod") : undefined;
    const services = grouped ? follow("service") : undefined;
    const nodes = attachNode && role !== "node" ? follow("node") : undefined;
    const around: Surroundings = {
      pod: (space, name) => pods?.objects.get(`${space}/${name}`) as PodView | undefined,
      service: (space, name) =>
        services?.objects.get(`${space}/${name}`) as ServiceView | undefined,
      node:
        nodes === undefined
          ? undefined
          : (name) => nodes.objects.get(`/${name}`) as NodeView | undefined,
    };
    const group: Group = {
      role,
      objects: primary.objects,
      outcomes: new Map(),
      dirty: new Set(),
      allDirty: true,
      make: (object) => this.#outcome(job, labelsOf(role, object as View, around)),
    };
    this.#groups.push(group);
    primary.watchers.add((key) => {
      if (key === undefined) group.allDirty = true;
      else group.dirty.add(key);
      this.#schedule();
    });
    for (const other of [pods, services, nodes]) {
      other?.watchers.add((key) => {
        soil(group, key, other === nodes);
        this.#schedule();
      });
    }
  }

  /** The list of a role in a namespace; jobs that ask for the same share it. */
  #follow(
    role: KubernetesRole,
    {
      discovery,
      namespace,
    }: { readonly discovery: KubernetesDiscovery; readonly namespace: string | undefined },
  ): Followed {
    const { client, clock, random } = this.#options;
    if (client === undefined) throw new Error("There is no cluster to follow.");
    const query = { path: pathOf(role, namespace), ...selectorsOf(role, discovery) };
    const key = JSON.stringify(query);
    const known = this.#followed.get(key);
    if (known !== undefined) return known;
    const objects = new Map<string, ObjectView>();
    const watchers = new Set<(key: string | undefined) => void>();
    const tell = (changed: string | undefined): void => {
      for (const watcher of watchers) watcher(changed);
    };
    const reflector = startReflector<ObjectView>({
      client,
      query,
      clock,
      random,
      project: KINDS[role].view,
      replace(items) {
        objects.clear();
        for (const [name, item] of items) objects.set(name, item);
        tell(undefined);
      },
      put(name, item) {
        if (item === undefined) objects.delete(name);
        else objects.set(name, item);
        tell(name);
      },
    });
    const followed = { path: query.path, objects, reflector, watchers };
    this.#followed.set(key, followed);
    return followed;
  }

  /** Changes come in bursts: targets are made once for all of a moment. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = this.#options.clock.after(limits.discoverySettleMs, () => {
      this.#timer = undefined;
      this.#give();
    });
  }

  #give(): void {
    if (this.#stopped) return;
    for (const group of this.#groups) renew(group);
    const counts = new Map<ScrapeJob, number>();
    const targets = new Map<string, JobTarget>();
    this.#beyond = 0;
    for (const { targets: some } of this.#outcomes()) {
      for (const target of some) {
        const { job } = target;
        if (targets.has(target.key)) continue;
        const count = (counts.get(job) ?? 0) + 1;
        const full = targets.size >= limits.discoveredTargetsMax;
        if (full || (job.limits.targets > 0 && count > job.limits.targets)) {
          this.#beyond += 1;
          continue;
        }
        counts.set(job, count);
        targets.set(target.key, target);
      }
    }
    this.#count = targets.size;
    this.#options.targets([...targets.values()]);
  }

  #outcomes(): readonly Outcome[] {
    return [...this.#static, ...this.#groups.flatMap(({ outcomes }) => [...outcomes.values()])];
  }

  #outcome(job: ScrapeJob, discovered: readonly LabelMap[]): Outcome {
    const targets: JobTarget[] = [];
    let dropped = 0;
    let invalid = 0;
    for (const labels of discovered) {
      const outcome = jobTarget(job, labels);
      if (outcome.kind === "target") targets.push(outcome.target);
      else if (outcome.kind === "dropped") dropped += 1;
      else {
        invalid += 1;
        this.#lastInvalid = `${job.name} ${labels.get("__address__") ?? ""}: ${outcome.says}`;
      }
    }
    return { targets, dropped, invalid };
  }
}

/** The targets of one job's discovery in one namespace, by the object that they come of. */
interface Group {
  readonly role: KubernetesRole;
  readonly objects: ReadonlyMap<string, ObjectView>;
  readonly outcomes: Map<string, Outcome>;
  readonly dirty: Set<string>;
  allDirty: boolean;
  readonly make: (object: ObjectView) => Outcome;
}

/** An object beside those of the group has changed: what may show it is made anew. */
function soil(group: Group, key: string | undefined, everywhere: boolean): void {
  if (key === undefined || everywhere) {
    group.allDirty = true;
    return;
  }
  const namespace = key.slice(0, key.indexOf("/") + 1);
  for (const object of group.objects.keys()) {
    if (object.startsWith(namespace)) group.dirty.add(object);
  }
}

function renew(group: Group): void {
  if (group.allDirty) {
    group.outcomes.clear();
    for (const [key, object] of group.objects) group.outcomes.set(key, group.make(object));
  } else {
    for (const key of group.dirty) {
      const object = group.objects.get(key);
      if (object === undefined) group.outcomes.delete(key);
      else group.outcomes.set(key, group.make(object));
    }
  }
  group.allDirty = false;
  group.dirty.clear();
}

function labelsOf(role: KubernetesRole, object: View, around: Surroundings): readonly LabelMap[] {
  switch (role) {
    case "node":
      return nodeTargets(object as NodeView);
    case "pod":
      return podTargets(object as PodView, around);
    case "service":
      return serviceTargets(object as ServiceView);
    default:
      return endpointsTargets(object as EndpointsView, role, around);
  }
}

function staticLabels(job: ScrapeJob): readonly LabelMap[] {
  return job.static.flatMap(({ targets, labels }) =>
    targets.map((target) => new Map([...Object.entries(labels), ["__address__", target]])),
  );
}

function pathOf(role: KubernetesRole, namespace: string | undefined): string {
  const kind = KINDS[role];
  if (!("resource" in kind)) return kind.collection;
  const within = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${kind.collection}${within}/${kind.resource}`;
}

function selectorsOf(
  role: KubernetesRole,
  { selectors }: KubernetesDiscovery,
): { readonly labelSelector?: string; readonly fieldSelector?: string } {
  const own = selectors.find((selector) => selector.role === role);
  return {
    ...(own === undefined || own.label === "" ? {} : { labelSelector: own.label }),
    ...(own === undefined || own.field === "" ? {} : { fieldSelector: own.field }),
  };
}
