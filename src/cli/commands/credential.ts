/** `credential rotate`: a new secret for the bootstrap credential; the old one is refused from then on. */
import { request } from "node:http";
import { join } from "node:path";
import { CodedError } from "../../core/index.ts";
import type { Command } from "../command.ts";
import { dataFolder, readPlatformFile } from "../platform/platform-file.ts";

export const credentialRotate: Command = {
  name: "credential rotate",
  summary: "Give the platform's bootstrap credential a new secret; the old one is refused at once.",
  exitCodes: {
    0: "rotated; the file holds the new secret",
    1: "it could not be rotated",
    2: "wrong use",
  },
  examples: ["./linkscope credential rotate"],
  async run(input, context) {
    const platform = readPlatformFile(dataFolder(input, context), context);
    const status = await post(join(platform.sockets, "identity.sock"), "/rotate-credential");
    if (status !== 204) {
      throw new CodedError(
        "ProcessFailed",
        `control answered ${status}; the credential is as it was.`,
      );
    }
    context.out(`rotated: ${platform.credential}\n`);
    return 0;
  },
};

/** One POST without a body over control's own socket, which only its owner can open. */
function post(socketPath: string, path: string): Promise<number> {
  return new Promise((done, fail) => {
    const call = request({ socketPath, path, method: "POST" }, (response) => {
      response.resume();
      response.once("end", () => done(response.statusCode ?? 0));
    });
    call.once("error", fail);
    call.end();
  });
}
