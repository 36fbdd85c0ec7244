/** `token`: an access token of the bootstrap credential, for curl and scripts. */
import { audiences } from "../../azure/index.ts";
import type { Command } from "../command.ts";
import { connect } from "../platform/connect.ts";

export const token: Command = {
  name: "token",
  summary: "Print an access token of the platform's bootstrap credential.",
  options: [
    {
      flags: "--resource <uri>",
      help: `what the token is for: ${audiences.monitor}, ${audiences.prometheus}, ${audiences.arm}`,
      required: true,
    },
  ],
  exitCodes: { 0: "printed", 1: "no token was given", 2: "wrong use" },
  examples: [
    `./linkscope token --resource ${audiences.arm}`,
    `curl -H "authorization: Bearer $(./linkscope token --resource ${audiences.arm})" …`,
  ],
  async run(input, context) {
    const connection = connect(input, context);
    try {
      context.out(`${await connection.token(input.text("resource") ?? "")}\n`);
      return 0;
    } finally {
      connection.close();
    }
  },
};
