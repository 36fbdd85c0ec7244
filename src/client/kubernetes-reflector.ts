/** Follows one list of Kubernetes objects: lists it, watches from there, and lists anew when the server has forgotten. */
import { stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { CodedError, limits, messageOf, sleep } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { clientError } from "./errors.ts";
import type { KubernetesClient, KubernetesQuery } from "./kubernetes-client.ts";

export interface ReflectorOptions<Item> {
  readonly client: KubernetesClient;
  readonly query: KubernetesQuery;
  readonly clock: Clock;
  readonly random: Random;
  /** What is kept of an object, so that the rest of it can go at once; undefined for one that is not wanted. */
  readonly project: (object: JsonObject) => Item | undefined;
  /** A whole list, by namespace and name: what is not in it is gone. */
  readonly replace: (items: ReadonlyMap<string, Item>) => void;
  /** One object; undefined when it is gone. */
  readonly put: (key: string, item: Item | undefined) => void;
}

export interface ReflectorState {
  /** Whether a list has been read. */
  readonly synced: boolean;
  readonly lists: number;
  readonly watches: number;
  readonly events: number;
  /** Why it does not follow at the moment. */
  readonly failure: string | undefined;
}

export interface Reflector {
  state(): ReflectorState;
  stop(): Promise<void>;
}

/** Starts to follow. A failure is tried again after a pause that grows and is drawn at random; it never throws. */
export function startReflector<Item>(options: ReflectorOptions<Item>): Reflector {
  const run = new ReflectorRun(options);
  const done = run.loop();
  return {
    state: () => run.state,
    stop: () => {
      run.stopping.abort(new Error("The reflector stops."));
      return done;
    },
  };
}

class ReflectorRun<Item> {
  readonly #options: ReflectorOptions<Item>;
  readonly stopping = new AbortController();
  #version: string | undefined;
  #failures = 0;
  state: ReflectorState = { synced: false, lists: 0, watches: 0, events: 0, failure: undefined };

  constructor(options: ReflectorOptions<Item>) {
    this.#options = options;
  }

  async loop(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        else await this.#watch(this.#version);
      } catch (error) {
        if (signal.aborted) return;
        await this.#failed(error);
      }
    }
  }

  async #list(): Promise<void> {
    const { client, query, project, replace } = this.#options;
    const { signal } = this.stopping;
    const items = new Map<string, Item>();
    let next: string | undefined;
    let version = "";
    do {
      const page = await client.list(query, { signal, ...(next === undefined ? {} : { next }) });
      // The version to watch from is the list's, and each page of it has the same.
      version = page.resourceVersion;
      for (const object of page.items) {
        const item = project(object);
        if (item !== undefined) items.set(keyOf(object), item);
      }
      if (items.size > limits.discoveredObjectsMax) throw tooMany(query);
      next = page.next;
    } while (next !== undefined);
    replace(items);
    this.#version = version;
    this.#failures = 0;
    this.state = { ...this.state, synced: true, lists: this.state.lists + 1, failure: undefined };
  }

  async #watch(from: string): Promise<void> {
    const { client, query, clock } = this.#options;
    const startMs = clock.nowMs();
    const before = this.state.events;
    this.state = { ...this.state, watches: this.state.watches + 1 };
    const { signal } = this.stopping;
    for await (const event of client.watch(query, { resourceVersion: from, signal })) {
      this.#version = stringAt(event.object, "metadata", "resourceVersion") ?? this.#version;
      this.#failures = 0;
      this.state = { ...this.state, events: this.state.events + 1, failure: undefined };
      if (event.type !== "BOOKMARK") this.#put(event.type, event.object);
    }
    // A server that ends watches at once must not be asked without pause.
    const empty =
      this.state.events === before && clock.nowMs() - startMs < limits.kubernetesBackoffMsMin;
    if (empty) await this.#pause();
  }

  #put(type: string, object: JsonObject): void {
    const item = type === "DELETED" ? undefined : this.#options.project(object);
    this.#options.put(keyOf(object), item);
  }

  async #failed(error: unknown): Promise<void> {
    // 410: the version, or the place in a list, is too old; what is known is listed anew.
    const gone = error instanceof CodedError && error.status === 410;
    if (gone) this.#version = undefined;
    this.state = { ...this.state, failure: messageOf(error) };
    if (gone && this.#failures === 0) {
      this.#failures = 1;
      return;
    }
    await this.#pause();
  }

  async #pause(): Promise<void> {
    const { clock, random } = this.#options;
    const { kubernetesBackoffMsMin: least, kubernetesBackoffMsMax: most } = limits;
    const fullMs = Math.min(most, least * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    const part = (random.bytes(1)[0] ?? 0) / 255;
    await sleep(clock, fullMs * (0.5 + part / 2), this.stopping.signal).catch(() => undefined);
  }
}

const keyOf = (object: JsonObject): string =>
  `${stringAt(object, "metadata", "namespace") ?? ""}/${stringAt(object, "metadata", "name") ?? ""}`;

const tooMany = ({ path }: KubernetesQuery): CodedError =>
  clientError(
    "KubernetesListTooLong",
    `${path} has more than ${limits.discoveredObjectsMax} objects. Narrow it with namespaces or selectors.`,
  );
