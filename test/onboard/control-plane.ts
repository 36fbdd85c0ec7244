/** The control plane in memory, as ARM for onboarding: real declarations, a fake clock, faults on demand. */
import { listAt, isObject } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import { allow, CodedError, deny, fakeClock, seededRandom } from "../../src/core/index.ts";
import type { FakeClock } from "../../src/core/index.ts";
import { createControl } from "../../src/control/index.ts";
import type { ArmWriter } from "../../src/onboard/index.ts";
import {
  resourceProviders,
  resourceTypes,
  roleDefinitionResources,
} from "../../src/providers/index.ts";
import type { Graph } from "../../src/arm/index.ts";
import type { ArmSend } from "../../src/snapshot/index.ts";

export const subscriptionId = "22222222-2222-4222-8222-222222222222";

export interface ControlPlane {
  /** One exchange with ARM as it is, query and all; errors are answers. */
  readonly send: ArmSend;
  readonly arm: ArmWriter;
  readonly clock: FakeClock;
  readonly graph: () => Graph;
  /** Paths of the writes so far. */
  readonly writes: readonly string[];
  /** Called before each write; what it throws is the write's failure. */
  beforeWrite: (path: string) => void;
  /** Deletes a resource of Microsoft.Network, as somebody else would. */
  readonly remove: (path: string) => Promise<void>;
  /** Refuses the actions that match, to everybody; undefined refuses none. */
  readonly refuse: (actions: RegExp | undefined) => void;
}

/** An empty control plane with one subscription, in which everybody may do everything. */
export function controlPlane(): ControlPlane {
  const clock = fakeClock();
  let refused: RegExp | undefined;
  const control = createControl({
    types: resourceTypes,
    providers: resourceProviders,
    seed: roleDefinitionResources(`/subscriptions/${subscriptionId}`),
    clock,
    random: seededRandom(11),
    sharedKeys: {
      of: (id) => Promise.resolve({ primarySharedKey: `1 ${id}`, secondarySharedKey: `2 ${id}` }),
      renew: () => Promise.resolve({ primarySharedKey: "new 1", secondarySharedKey: "new 2" }),
    },
    tenantId: "11111111-1111-4111-8111-111111111111",
    subscriptionId,
    authenticate: () => ({ ok: true, principal: { objectId: "oid-1", appId: "app-1" } }),
    may: (_principal, action) => (refused?.test(action) === true ? deny() : allow()),
  });
  const ask = async (
    method: string,
    path: string,
    asked: { version: string; body?: Json | undefined },
  ): Promise<{ status: number; body: JsonObject }> => {
    const bytes = Buffer.from(asked.body === undefined ? "" : JSON.stringify(asked.body));
    const answer = await control.handler({
      method,
      host: "localhost",
      path,
      query: new URLSearchParams({ "api-version": asked.version }),
      headers: { authorization: "Bearer test" },
      body: () => Promise.resolve(bytes),
      origin: "https://localhost:8443",
    });
    const text = answer.body === undefined ? "" : Buffer.from(answer.body).toString();
    const value: unknown = text === "" ? {} : JSON.parse(text);
    return { status: answer.status, body: isObject(value) ? value : {} };
  };
  const orThrow = ({ status, body }: { status: number; body: JsonObject }): JsonObject => {
    if (status < 300) return body;
    const error = isObject(body["error"]) ? body["error"] : {};
    throw new CodedError(String(error["code"]), String(error["message"]), { status });
  };
  const send: ArmSend = async ({ method, target, body }) => {
    const url = new URL(target, "https://localhost:8443");
    const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const answer = await control.handler({
      method,
      host: "localhost",
      path: url.pathname,
      query: url.searchParams,
      headers: { authorization: "Bearer test" },
      body: () => Promise.resolve(bytes),
      origin: "https://localhost:8443",
    });
    const headers = Object.fromEntries(
      Object.entries(answer.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    return { status: answer.status, headers, body: Buffer.from(answer.body ?? "") };
  };
  const writes: string[] = [];
  const plane: ControlPlane = {
    send,
    clock,
    writes,
    graph: () => control.source.current().graph,
    beforeWrite: () => undefined,
    refuse: (actions) => void (refused = actions),
    remove: async (path) => {
      orThrow(await ask("DELETE", path, { version: "2022-01-01" }));
      clock.advance(1_000);
    },
    arm: {
      get: async (path, version) => {
        const answer = await ask("GET", path, { version });
        return answer.status === 404 ? undefined : orThrow(answer);
      },
      list: async (path, version) =>
        listAt(orThrow(await ask("GET", path, { version })), "value").filter(isObject),
      put: async (path, { apiVersion: version, body }) => {
        plane.beforeWrite(path);
        orThrow(await ask("PUT", path, { version, body }));
        writes.push(path);
        // The operation of an asynchronous write ends a moment later.
        clock.advance(1_000);
        return orThrow(await ask("GET", path, { version }));
      },
    },
  };
  return plane;
}
