/** A client that stands in a place: it takes questions from a Unix socket, and asks DNS and HTTPS as any program there would. */
import { Resolver } from "node:dns/promises";
import { Agent, request } from "node:https";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { env } from "node:process";

/** What the client is told to do; a line of JSON with an id beside it. */
export type Errand =
  | {
      readonly kind: "resolve";
      readonly name: string;
      readonly recordType: string;
      /** `host:port` of the resolver; the one of resolv.conf where absent. */
      readonly resolver?: string;
    }
  | {
      readonly kind: "request";
      readonly host: string;
      /** Where to connect instead of where the name leads. */
      readonly address?: string;
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly bodyBase64: string;
    };

/** What the client saw; `failed` has the system's code, which a program would meet too. */
export type Finding =
  | {
      readonly kind: "resolved";
      readonly addresses: readonly string[];
      readonly aliases: readonly string[];
    }
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: "failed"; readonly code: string; readonly says: string };

/** No test waits longer than this for what never answers. */
const PATIENCE_MS = 10_000;

async function resolve({
  name,
  recordType,
  resolver,
}: Extract<Errand, { kind: "resolve" }>): Promise<Finding> {
  const dns = new Resolver({ timeout: 2_000, tries: 2 });
  if (resolver !== undefined) dns.setServers([resolver]);
  if (recordType === "CNAME") {
    return { kind: "resolved", addresses: [], aliases: await dns.resolveCname(name) };
  }
  if (recordType === "TXT") {
    return { kind: "resolved", addresses: (await dns.resolveTxt(name)).flat(), aliases: [] };
  }
  const addresses = await (recordType === "A" ? dns.resolve4(name) : dns.resolve6(name));
  return { kind: "resolved", addresses, aliases: [] };
}

/** Each request has a connection of its own; the proxy variables are used where they are set, as by `fetch`. */
function ask(errand: Extract<Errand, { kind: "request" }>): Promise<Finding> {
  const { host, address, method, path, bodyBase64 } = errand;
  const body = Buffer.from(bodyBase64, "base64");
  const agent = new Agent({ keepAlive: false, proxyEnv: env });
  return new Promise((done, fail) => {
    const sent = request(
      {
        agent,
        method,
        path,
        host: address ?? host,
        servername: host,
        headers: { ...errand.headers, host, "content-length": String(body.length) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", fail);
        response.once("end", () => {
          const headers = Object.entries(response.headers).map(([name, value]) => [
            name,
            String(value),
          ]);
          done({
            kind: "answered",
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(headers) as Record<string, string>,
            body: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)));
    sent.once("error", fail);
    sent.end(body);
  });
}

const socket = createConnection({ path: process.argv[2] ?? "" });
for await (const line of createInterface({ input: socket })) {
  const { id, errand } = JSON.parse(line) as { readonly id: number; readonly errand: Errand };
  const finding = await (errand.kind === "resolve" ? resolve(errand) : ask(errand)).catch(
    (error: NodeJS.ErrnoException): Finding => ({
      kind: "failed",
      code: error.code ?? "",
      says: error.message,
    }),
  );
  socket.write(`${JSON.stringify({ id, finding })}\n`);
}
