/** The resolvers: one DNS listener for each virtual network of the graph, and one for public DNS; they come and go with it. */
import { idKey } from "../arm/index.ts";
import type { Graph } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { networkTypes, onPremisesNetworks } from "../rules/index.ts";
import { answerDns } from "./dns/answer-dns.ts";
import { listenDns } from "./dns/listener.ts";
import type { DnsListener, DnsResponder } from "./dns/listener.ts";
import type { Place } from "./route.ts";

export interface ResolverAddress {
  readonly host: string;
  readonly port: number;
}

export interface ResolverPort extends ResolverAddress {
  readonly place: Place;
}

export interface Resolvers {
  /** Answers as the resolver of a place, on the graph of that moment. */
  readonly respondIn: (place: Place) => DnsResponder;
  /** The listener of a place, made if there is none yet; undefined past `limits.resolversMax`. */
  readonly addressOf: (place: Place) => Promise<ResolverAddress | undefined>;
  readonly ports: () => readonly ResolverPort[];
  /** Makes listeners for new networks and closes those of networks that are gone. */
  readonly follow: (graph: Graph) => Promise<void>;
  readonly counters: () => { readonly queries: number; readonly failures: number };
  readonly close: () => Promise<void>;
}

export interface ResolversOptions {
  readonly graph: () => Graph;
  readonly clock: Clock;
  /** Called with each bug that a query found (the client gets SERVFAIL), and each listener that could not be had. */
  readonly onFailure: (error: unknown) => void;
}

const keyOf = (place: Place): string => {
  switch (place.kind) {
    case "vnet":
      return idKey(place.vnetId);
    case "on-premises":
      return idKey(place.networkId);
    case "public":
      return "public";
  }
};

/** Every place of the graph that has a resolver of its own. */
const placesOf = (graph: Graph): readonly Place[] => [
  { kind: "public" },
  ...graph.ofType(networkTypes.vnet).map(({ id: vnetId }): Place => ({ kind: "vnet", vnetId })),
  ...onPremisesNetworks(graph).map(({ id: networkId }): Place => ({
    kind: "on-premises",
    networkId,
  })),
];

export function createResolvers(options: ResolversOptions): Resolvers {
  const listeners = new Map<string, { place: Place; listening: Promise<DnsListener> }>();
  const ready = new Map<string, ResolverPort>();
  const counts = { queries: 0, failures: 0 };
  let closed = false;

  const respondIn =
    (place: Place): DnsResponder =>
    (message, transport) => {
      counts.queries += 1;
      try {
        return answerDns(message, options.graph(), place, transport);
      } catch (error) {
        counts.failures += 1;
        options.onFailure(error);
        return serverFailure(message);
      }
    };

  const open = async (place: Place): Promise<ResolverAddress | undefined> => {
    const key = keyOf(place);
    const known = listeners.get(key);
    if (known !== undefined) return known.listening;
    if (closed || listeners.size >= limits.resolversMax) return undefined;
    const listening = listenDns({ respond: respondIn(place), clock: options.clock });
    listeners.set(key, { place, listening });
    try {
      const { host, port } = await listening;
      if (listeners.get(key)?.listening === listening) ready.set(key, { place, host, port });
      return { host, port };
    } catch (error) {
      listeners.delete(key);
      throw error;
    }
  };

  const shut = async (key: string): Promise<void> => {
    const listener = listeners.get(key);
    listeners.delete(key);
    ready.delete(key);
    await listener?.listening.then(
      (listening) => listening.close(),
      () => {},
    );
  };

  return {
    respondIn,
    addressOf: open,
    ports: () => [...ready.values()],
    follow: async (graph) => {
      const places = placesOf(graph);
      const wanted = new Set(places.map(keyOf));
      const gone = [...listeners.keys()].filter((key) => !wanted.has(key));
      await Promise.all(gone.map(shut));
      for (const place of places) {
        // A network without a listener still has its resolver behind the sessions' relays.
        const opened = open(place);
        await (place.kind === "public" ? opened : opened.catch(options.onFailure));
      }
    },
    counters: () => ({ ...counts }),
    close: async () => {
      closed = true;
      await Promise.all([...listeners.keys()].map(shut));
    },
  };
}

/** SERVFAIL with the query's id and nothing else, which needs no understanding of the query. */
function serverFailure(message: Buffer): Buffer | undefined {
  if (message.length < 12) return undefined;
  const failure = Buffer.alloc(12);
  failure.writeUInt16BE(message.readUInt16BE(0), 0);
  failure.writeUInt16BE(0x8082, 2);
  return failure;
}
