/** How the lab's own tests speak to it: one request as a value, and a watch as a list of events that can be awaited. */
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../src/core/index.ts";
import type { Clock } from "../../src/core/index.ts";
import { at } from "./kube.ts";
import { startLab } from "./start-lab.ts";
import type { Lab, LabOptions } from "./start-lab.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
  readonly contentType: string;
}

export interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Instead of the administrator's; empty sends none. */
  readonly token?: string;
}

/** A lab in a folder of its own; `close` removes the folder. */
export async function labFor(clock: Clock, options: Partial<LabOptions> = {}): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-lab-"));
  const lab = await startLab({ clock, random: seededRandom(1), folder, ...options });
  return {
    ...lab,
    async close() {
      await lab.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function open(lab: Lab, path: string, ask: Ask): Promise<IncomingMessage> {
  const token = ask.token ?? lab.token;
  const body = typeof ask.body === "string" ? ask.body : JSON.stringify(ask.body);
  return new Promise((done, fail) => {
    const request = httpsRequest(
      path.startsWith("https:") ? path : `${lab.url}${path}`,
      {
        method: ask.method ?? "GET",
        ca: lab.caPem,
        agent: false,
        headers: {
          accept: ask.accept ?? "application/json",
          ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": ask.contentType ?? "application/json" }),
        },
      },
      done,
    );
    request.once("error", fail);
    request.end(body);
  });
}

export async function ask(lab: Lab, path: string, options: Ask = {}): Promise<Answer> {
  const response = await open(lab, path, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const contentType = response.headers["content-type"] ?? "";
  let body: unknown;
  if (contentType.includes("json")) body = JSON.parse(text);
  return { status: response.statusCode ?? 0, text, body, contentType };
}

export interface TestStream {
  /** The next line, as it comes; undefined at the end of the stream. */
  readonly next: () => Promise<string | undefined>;
  readonly close: () => void;
}

/** A stream of lines: a watch, a log that is followed. A cut connection is its end. */
export async function openStream(lab: Lab, path: string, options: Ask = {}): Promise<TestStream> {
  const response = await open(lab, path, options);
  const lines = linesOf(response);
  return {
    next: async () => {
      const { value, done } = await lines.next();
      return done === true ? undefined : value;
    },
    close: () => response.destroy(),
  };
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, undefined> {
  let rest = "";
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } catch {
    // The connection was cut.
  }
  return undefined;
}

/** A watch's next event as `TYPE name`. */
export async function nextEvent(stream: TestStream): Promise<string> {
  const line = await stream.next();
  if (line === undefined) return "END";
  const event: unknown = JSON.parse(line);
  return `${String(at(event, "type"))} ${String(at(event, "object", "metadata", "name") ?? at(event, "object", "code") ?? "")}`.trim();
}

export const configMap = (
  name: string,
  data: Readonly<Record<string, string>> = {},
  labels = {},
) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
  data,
});
