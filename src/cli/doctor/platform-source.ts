/** The running platform as a source of facts: its ARM, with the bootstrap credential. */
import { audiences } from "../../azure/index.ts";
import { openTransport } from "../../client/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { connect } from "../platform/connect.ts";
import { clusterIdsOf } from "../platform/onboarding.ts";
import type { OpenSource } from "./sources.ts";

/** Opens the way to the platform of the data folder. */
export function openPlatform(input: CommandInput, context: CliContext): OpenSource {
  const connection = connect(input, context);
  const transport = openTransport({ clock: context.clock, caPem: connection.caPem });
  const origin = connection.file.arm;
  return {
    source: {
      cloud: "AzureCloud",
      source: "platform",
      origin,
      send: async ({ method, target, body }) =>
        transport.send({
          method,
          url: `${origin}${target}`,
          headers: {
            accept: "application/json",
            authorization: `Bearer ${await connection.token(audiences.arm)}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
    },
    clusterIds: async (named) => {
      if (named === undefined) return clusterIdsOf(connection, undefined);
      const ids = await Promise.all(
        named.split(",").map((one) => clusterIdsOf(connection, one.trim())),
      );
      return ids.flat();
    },
    close: () => {
      transport.close();
      connection.close();
    },
  };
}
