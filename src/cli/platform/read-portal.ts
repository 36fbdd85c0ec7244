/** The portal's JSON, for commands: asked with the token that only the platform's owner can read. */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { CodedError, limits, messageOf } from "../../core/index.ts";
import type { Rates, Topology } from "../../topology/index.ts";
import type { PlatformFile } from "./platform-file.ts";

/** The topology of a running platform, with what moves on it. */
export interface LiveTopology {
  readonly topology: Topology;
  readonly rates: Rates;
}

/**
 * Reads the topology of a platform.
 *
 * @throws CodedError PortalUnanswered when it is refused, too long, no JSON, or not there.
 */
export async function readTopology(file: PlatformFile): Promise<LiveTopology> {
  try {
    const token = readFileSync(file.portalToken, "utf8").trim();
    return JSON.parse(await read(new URL("/api/topology", file.portal), token)) as LiveTopology;
  } catch (error) {
    throw new CodedError(
      "PortalUnanswered",
      `The portal at ${file.portal} gave no topology: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function read(url: URL, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get(url, { headers, timeout: limits.clientTimeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limits.clientAnswerBytesMax) return void chunks.push(chunk);
        request.destroy(new Error(`It is longer than ${limits.clientAnswerBytesMax} bytes.`));
      });
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 200) return resolve(text);
        reject(new Error(`It answered ${response.statusCode ?? 0}: ${text.slice(0, 300)}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error("It did not answer in time.")));
    request.on("error", reject);
  });
}
