/** A command's way to the running platform: ARM over its local endpoint, and clients that stand inside a network or outside. */
import { readFileSync } from "node:fs";
import { idProblem, listAt, sameId, stringAt } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { armClient, openTransport, tokenClient } from "../../client/index.ts";
import type { ArmClient, TokenSource, Transport } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { openSession } from "../exec/index.ts";
import type { OpenSession, Where } from "../exec/index.ts";
import { nounOf } from "../types.ts";
import { dataFolder, readPlatformFile } from "./platform-file.ts";
import type { PlatformFile } from "./platform-file.ts";

export interface Connection {
  readonly file: PlatformFile;
  readonly caPem: string;
  readonly arm: ArmClient;
  /** Tokens of the bootstrap credential. */
  readonly token: TokenSource;
  /** A client that stands in a virtual network, or outside of all. The caller closes it. */
  readonly stand: (where: Where) => Promise<Standing>;
  readonly close: () => void;
}

/** A place that a command went to: requests leave from there. */
export interface Standing {
  readonly session: OpenSession;
  readonly transport: Transport;
  readonly close: () => Promise<void>;
}

interface CredentialFile {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Connects to the platform of the data folder that the command names. */
export function connect(input: CommandInput, context: CliContext): Connection {
  return connectTo(readPlatformFile(dataFolder(input, context), context), context);
}

/** Connects to a platform that is known already. */
export function connectTo(file: PlatformFile, context: CliContext): Connection {
  const { clock } = context;
  const caPem = readFileSync(file.ca, "utf8");
  const credential = JSON.parse(readFileSync(file.credential, "utf8")) as CredentialFile;
  const transport = openTransport({ clock, caPem });
  const { tenantId, clientId, clientSecret } = credential;
  const token = tokenClient({
    transport,
    clock,
    endpoint: file.arm,
    tenantId,
    clientId,
    clientSecret,
  });
  const arm = armClient({ transport, clock, token, endpoint: file.arm });
  return {
    file,
    caPem,
    arm,
    token,
    stand: async (where) => {
      const session = await openSession(file.fabric, where);
      const inside = openTransport({ clock, caPem, gateway: session.doors.gatewayUrl });
      return {
        session,
        transport: inside,
        close: async () => {
          inside.close();
          await session.close();
        },
      };
    },
    close: () => transport.close(),
  };
}

const resourcesApiVersion = "2021-04-01";

/** Every resource of a type in the subscription, as the resource list shows it: id, name, type, location. */
export async function listOfType(
  connection: Connection,
  type: string,
): Promise<readonly JsonObject[]> {
  const filter = encodeURIComponent(`resourceType eq '${type}'`);
  const path = `/subscriptions/${connection.file.subscriptionId}/resources?$filter=${filter}`;
  return connection.arm.list(path, resourcesApiVersion);
}

/**
 * The id of the resource that a person named: an id as it is, a name if only one resource of the type, or of several
 * types, has it.
 *
 * @throws CodedError WrongUse for an id that is none (the article's own examples have blanks), NameNotFound, NameNotUnique.
 */
export async function findResource(
  connection: Connection,
  type: string | readonly string[],
  named: string,
): Promise<ResourceId> {
  const problem = named.startsWith("/") ? idProblem(named) : undefined;
  if (problem !== undefined) throw new CodedError("WrongUse", `${problem}.`);
  const types = [type].flat();
  const lists = await Promise.all(types.map((one) => listOfType(connection, one)));
  const all = lists.flat().flatMap((item) => stringAt(item, "id") ?? []);
  const noun = types.map(nounOf).join(" or ");
  const found = all.filter((id) =>
    named.startsWith("/")
      ? sameId(id, named)
      : id.split("/").at(-1)?.toLowerCase() === named.toLowerCase(),
  );
  const [first, second] = found;
  if (first === undefined) {
    throw new CodedError("NameNotFound", `No ${noun} is named '${named}'. ${namesIn(all)}`);
  }
  if (second !== undefined) {
    throw new CodedError(
      "NameNotUnique",
      `${found.length} resources are named '${named}'. Give the ${noun}'s whole id: ${found.join(", ")}.`,
    );
  }
  return first;
}

const NAMES_MAX = 10;

/** What there is, so that a mistyped name can be mended: `There are: a, b.` */
export function namesIn(ids: readonly ResourceId[]): string {
  if (ids.length === 0) return "There is none.";
  const names = ids.slice(0, NAMES_MAX).map((id) => id.split("/").at(-1));
  const more = ids.length > NAMES_MAX ? ` and ${ids.length - NAMES_MAX} more` : "";
  return `There are: ${names.join(", ")}${more}.`;
}

/** The virtual network of a cluster, by its first agent pool's subnet. */
export function vnetOfCluster(cluster: JsonObject): ResourceId | undefined {
  for (const pool of listAt(cluster, "properties", "agentPoolProfiles")) {
    const subnet = stringAt(pool, "vnetSubnetID");
    if (subnet !== undefined) return subnet.split("/").slice(0, -2).join("/");
  }
  return undefined;
}
