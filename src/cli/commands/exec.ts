/** `exec`: any program, as if it stood in a virtual network, or outside of all. */
import { stringAt } from "../../arm/index.ts";
import { audiences, cloud, fixedAddresses } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Command, CommandInput } from "../command.ts";
import { runExec } from "../exec/index.ts";
import type { Way, Where } from "../exec/index.ts";
import { connect, findResource, listOfType, namesIn } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { findNetwork, refuseTwoPlaces, standIn } from "../platform/networks.ts";
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
    0: "the program's own exit code, whatever it is; 128 and the number of the signal that ended it",
    1: "no platform, or no such network or identity",
    2: "wrong use",
    126: "the program cannot be run",
    127: "there is no such program",
  },
  examples: [
    `./linkscope exec --vnet vnet-aks -- getent hosts ${cloud.globalHandlerHost}`,
    `./linkscope exec --vnet vnet-aks --as aks-one -- curl -sH Metadata:true 'http://${fixedAddresses.instanceMetadata}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${audiences.monitor}'`,
    `./linkscope exec --public -- curl -v "https://${cloud.armHost}/metadata/endpoints?api-version=2019-05-01"`,
  ],
  async run(input, context) {
    refuseTwoPlaces(input);
    if (input.flag("public") && input.text("as") !== undefined) {
      const says = "--as needs --vnet: there is no managed identity outside.";
      throw new CodedError("WrongUse", says);
    }
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
  if (input.flag("public")) return { kind: "public" };
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
  throw new CodedError("WrongUse", `Say where to stand: --vnet NAME, or --public. ${namesIn(ids)}`);
}

async function identityOf(connection: Connection, named: string): Promise<string> {
  const type = named.toLowerCase().includes("/userassignedidentities/")
    ? types.identity.type
    : types.cluster.type;
  return findResource(connection, type, named);
}
