/** `exec`: any program, as if it stood in a virtual network, or outside of all. */
import { stringAt } from "../../arm/index.ts";
import { audiences, cloud, fixedAddresses } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Command, CommandInput } from "../command.ts";
import { runExec } from "../exec/index.ts";
import type { Way, Where } from "../exec/index.ts";
import { connect, findResource, listOfType } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { findNetwork, standIn } from "../platform/networks.ts";
import { types } from "../types.ts";

export const exec: Command = {
  name: "exec",
  summary: "Run a program as if it stood in a virtual network, or on the public internet.",
  arguments: [{ word: "<command...>", help: "the program and its arguments, after --" }],
  options: [
    {
      flags: "--vnet <name>",
      help: "the virtual network, by name or id (default: the only one there is)",
    },
    {
      flags: "--network <name>",
      help: "the virtual or on-premises network (a local network gateway, an ExpressRoute circuit)",
    },
    {
      flags: "--as <id>",
      help: "the cluster or identity whose tokens the managed-identity endpoint gives",
    },
    { flags: "--public", help: "stand outside of every virtual network" },
    { flags: "--gateway", help: "use the proxy even where namespaces work" },
    { flags: "-q, --quiet", help: "do not say which way was used" },
  ],
  passThrough: true,
  exitCodes: {
    0: "the program's own exit code, whatever it is",
    1: "it could not be started",
    2: "wrong use",
  },
  examples: [
    `./linkscope exec --vnet vnet-aks -- getent hosts ${cloud.globalHandlerHost}`,
    `./linkscope exec --vnet vnet-aks --as aks-one -- curl -sH Metadata:true 'http://${fixedAddresses.instanceMetadata}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${audiences.monitor}'`,
    `./linkscope exec --public -- curl -v "https://${cloud.armHost}/metadata/endpoints?api-version=2019-05-01"`,
  ],
  async run(input, context) {
    const connection = connect(input, context);
    try {
      const way: Way = input.flag("gateway") ? "gateway" : "auto";
      return await runExec({
        words: input.words,
        where: await placeOf(input, connection),
        way,
        adminSocket: connection.file.fabric,
        caPem: connection.caPem,
        environment: context.environment,
        temporaryFolder: context.temporaryFolder,
        node: context.entries.node,
        relay: context.entries.relay,
        platform: context.terminal.platform,
        userId: context.terminal.userId,
        groupId: context.terminal.groupId,
        signals: context.terminal.signals,
        terminal: context.terminal.isTerminal,
        stdio: ["inherit", "inherit", "inherit"],
        note: context.note,
        quiet: input.flag("quiet"),
      });
    } finally {
      connection.close();
    }
  },
};

/** Where `--vnet`, `--as` and `--public` say to stand. */
async function placeOf(input: CommandInput, connection: Connection): Promise<Where> {
  const vnet = input.text("vnet");
  const as = input.text("as");
  const network = input.text("network");
  if (network !== undefined) return placeInNetwork(input, connection, network);
  if (input.flag("public")) {
    if (vnet !== undefined)
      throw new CodedError("WrongUse", "Stand in --vnet NAME or outside with --public, not both.");
    if (as !== undefined)
      throw new CodedError("WrongUse", "--as needs --vnet: there is no managed identity outside.");
    return { kind: "public" };
  }
  const vnetId =
    vnet === undefined
      ? await onlyVnet(connection)
      : await findResource(connection, types.vnet.type, vnet);
  if (as === undefined) return { kind: "vnet", vnet: vnetId };
  return { kind: "vnet", vnet: vnetId, as: await identityOf(connection, as) };
}

async function placeInNetwork(
  input: CommandInput,
  connection: Connection,
  named: string,
): Promise<Where> {
  if (input.flag("public") || input.text("vnet") !== undefined) {
    const says = "Stand in --network NAME, in --vnet NAME or outside with --public: one of them.";
    throw new CodedError("WrongUse", says);
  }
  const as = input.text("as");
  const where = standIn(await findNetwork(connection, named));
  if (as === undefined) return where;
  if (where.kind !== "vnet") {
    const says = `--as needs a virtual network: '${named}' is on-premises, where there is no managed identity.`;
    throw new CodedError("WrongUse", says);
  }
  return { ...where, as: await identityOf(connection, as) };
}

async function onlyVnet(connection: Connection): Promise<string> {
  const ids = (await listOfType(connection, types.vnet.type)).flatMap(
    (item) => stringAt(item, "id") ?? [],
  );
  const [only, another] = ids;
  if (only !== undefined && another === undefined) return only;
  const names = ids.map((id) => id.split("/").at(-1)).slice(0, 10);
  const there = only === undefined ? "There is no network." : `There are: ${names.join(", ")}.`;
  throw new CodedError("WrongUse", `Say where to stand: --vnet NAME, or --public. ${there}`);
}

async function identityOf(connection: Connection, named: string): Promise<string> {
  const type = named.toLowerCase().includes("/userassignedidentities/")
    ? types.identity.type
    : types.cluster.type;
  return findResource(connection, type, named);
}
