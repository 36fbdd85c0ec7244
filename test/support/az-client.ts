/** The Azure CLI as it is on the wire: the requests of its commands, with their odd slashes, bodies and headers. */
import assert from "node:assert/strict";
import { Agent } from "node:https";
import { isObject, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import type { TokenSource } from "../../src/client/index.ts";
import { audiences } from "../../src/azure/index.ts";
import type { ReadyLine } from "./command.ts";
import { askArm } from "./wire.ts";
import type { WireAnswer } from "./wire.ts";

export interface AzClient {
  readonly subscription: string;
  /** What was asked, in its order: `PUT /subscriptions/…?api-version=…`. */
  readonly sent: readonly string[];
  /** `send_raw_request`: a second slash before the path, and no polling: any 2xx is done. */
  readonly raw: (method: string, path: string, version: string, body?: Json) => Promise<JsonObject>;
  /** A call of an SDK: polls what the answer names, then reads the resource. */
  readonly sdk: (method: string, path: string, version: string, body?: Json) => Promise<JsonObject>;
  /** A call of an SDK that nobody waits for: no second slash, and no polling. */
  readonly begin: (
    method: string,
    path: string,
    version: string,
    body?: Json,
  ) => Promise<JsonObject>;
  /** The status alone: `check_existence`, and a GET whose 404 is an answer. */
  readonly status: (method: "GET" | "HEAD", path: string, version: string) => Promise<number>;
  /** Lets the connection go. */
  readonly close: () => void;
}

/** Opens a CLI that is signed in. `command` goes into the headers that the CLI adds. */
export function azClient(
  ready: ReadyLine,
  { token, subscription, command }: { token: TokenSource; subscription: string; command: string },
): AzClient {
  const sent: string[] = [];
  // A command of az keeps its connection from request to request.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let count = 0;
  const ask = async (
    method: string,
    path: string,
    { version, body }: { readonly version: string; readonly body?: Json | undefined },
  ): Promise<WireAnswer> => {
    count += 1;
    sent.push(`${method} ${path}`);
    const request = {
      method,
      path: `${path}${path.includes("?") ? "&" : "?"}api-version=${version}`,
      token: await token(audiences.arm),
      headers: {
        "user-agent": "python/3.11.9 (Linux) AZURECLI/2.61.0 (DEB)",
        "x-ms-client-request-id": `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`,
        commandname: command,
        parametersetname: "--resource-group --name",
        "accept-encoding": "identity",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    return askArm(ready, request, agent);
  };
  const taken = (answer: WireAnswer, what: string): JsonObject => {
    assert.ok(answer.status < 300, `${what}: ${answer.status} ${answer.body}`);
    const value: unknown = answer.body === "" ? {} : JSON.parse(answer.body);
    return isObject(value) ? value : {};
  };
  const poll = async (url: string): Promise<void> => {
    for (;;) {
      const { pathname, search } = new URL(url);
      const request = { path: `${pathname}${search}`, token: await token(audiences.arm) };
      const answer = await askArm(ready, request, agent);
      const status = stringAt(taken(answer, url), "status");
      if (status === "Succeeded") return;
      assert.ok(status === "InProgress" || status === "Running" || status === "Accepted", status);
    }
  };
  return {
    subscription,
    sent,
    raw: async (method, path, version, body) =>
      taken(await ask(method, `/${path}`, { version, body }), `${method} ${path}`),
    begin: async (method, path, version, body) =>
      taken(await ask(method, path, { version, body }), `${method} ${path}`),
    sdk: async (method, path, version, body) => {
      const answer = await ask(method, path, { version, body });
      const first = taken(answer, `${method} ${path}`);
      const operation = answer.headers["azure-asyncoperation"];
      if (operation === undefined) return first;
      await poll(operation);
      return method === "DELETE" ? {} : taken(await ask("GET", path, { version }), `GET ${path}`);
    },
    close: () => agent.destroy(),
    status: async (method, path, version) => (await ask(method, path, { version })).status,
  };
}
