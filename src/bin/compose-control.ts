/** Composes control: ARM and sign-in behind one TLS listener, managed identities and the graph feed on Unix sockets, the portal. */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Server as HttpsServer } from "node:https";
import { join } from "node:path";
import { cloudError } from "../arm/index.ts";
import type { ArmResource, GraphSource } from "../arm/index.ts";
import { audiences, cloud, roleDefinitions } from "../azure/index.ts";
import { createControl, findRequests, passLogsQueries } from "../control/index.ts";
import type { Authentication, ControlOptions } from "../control/index.ts";
import { guid } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { json, requestListener, serverOptions } from "../http/index.ts";
import type { HttpHandler, HttpRequest } from "../http/index.ts";
import { resourceProviders, resourceTypes, roleDefinitionResources } from "../providers/index.ts";
import { roleAccess } from "../rules/index.ts";
import { createKqlTranslator } from "../kql/index.ts";
import { openAuthority, openPrivateFile, sniCallback } from "../tls/index.ts";
import type { Authority } from "../tls/index.ts";
import {
  bearerOf,
  managedIdentityTokens,
  openSigningKey,
  openWorkspaceKeys,
  tokenService,
  verifyToken,
} from "../tokens/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import { openCredential } from "./credential.ts";
import { closeServer, listenLocal, listenUnix } from "./listen.ts";
import { dataPaths, socketPaths } from "./paths.ts";
import type { ProcessConfig, StartedPart } from "./platform-process.ts";
import { openPortal } from "./open-portal.ts";

/** At most one publication in this time: a burst of writes is published together. */
const PUBLISH_MS = 2;
/** The parser of transformations is loaded when a rule has one, and goes when no rule had one for this long. */
const PARSER_IDLE_MS = 60_000;
/** Names of this machine under which ARM and sign-in are served besides their own. */
const localHosts: readonly string[] = ["localhost", "127.0.0.1"];

export interface ControlParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly note: (text: string) => void;
}

/** Reads the transformations within rules before they are written. */
function transformationParser(clock: Clock) {
  const translator = createKqlTranslator({ clock, idleMs: PARSER_IDLE_MS });
  const checkQuery: NonNullable<ControlOptions["checkQuery"]> = ({ text, source }) =>
    translator.translate({ text, tables: [source], nowMs: clock.nowMs(), use: "transformation" });
  return { checkQuery, close: () => translator.close() };
}

/** The tenant and the subscription of one platform: made once, kept with its data. */
interface Tenant {
  readonly tenantId: string;
  readonly subscriptionId: string;
}

/**
 * Starts control on a platform's folders. `ready` has `armPort`, `portalPort`, `portalToken`, `ca`, `credential`, `tenantId` and
 * `subscriptionId`.
 */
export async function composeControl(
  config: ProcessConfig,
  parts: ControlParts,
): Promise<StartedPart & { readonly source: GraphSource }> {
  const { clock, random, note } = parts;
  const paths = dataPaths(config.data);
  const sockets = socketPaths(config.sockets);
  const tenant = await openTenant(join(config.data, "tenant.json"), random);
  const [authority, key, sharedKeys] = await Promise.all([
    openAuthority({ folder: paths.authority, clock, random }),
    openSigningKey({ path: join(paths.keys, "tokens.json"), clock, random }),
    openWorkspaceKeys({ path: paths.workspaceKeys, random }),
  ]);
  const parser = transformationParser(clock);
  const credential = await openCredential({ config, parts, tenant });
  const control = createControl({
    databasePath: paths.state,
    types: resourceTypes,
    providers: resourceProviders,
    ...tenant,
    clock,
    random,
    sharedKeys,
    passLogsQuery: passLogsQueries(sockets.logsQuery),
    findRequest: findRequests(sockets.logsQuery),
    checkQuery: parser.checkQuery,
    jwks: key.jwks(),
    seed: roleDefinitionResources(`/subscriptions/${tenant.subscriptionId}`),
    initial: bootstrapAssignments(tenant, credential.objectId, parts),
    publishMs: PUBLISH_MS,
    authenticate: (request) => authenticate(request, { key, tenant, clock }),
    may: (principal, action, scope, graph) =>
      roleAccess(graph, { principalId: principal.objectId, action, scope }),
    onNote: ({ method, path, error }) => {
      if (error !== undefined) note(`${method} ${path}: ${error}`);
    },
  });
  const { tenantId } = tenant;
  const { applications } = credential;
  const signIn = tokenService({ tenantId, applications, key, clock, random });
  await control.serveFeed(sockets.graphFeed);
  const identity = createHttpServer(
    serverOptions,
    requestListener(
      ownersDoor(credential.rotate, managedIdentityTokens({ source: control.source, key, clock })),
      (error) => json(error.status, { error: error.code, error_description: error.message }),
    ),
  );
  await listenUnix(identity, sockets.identity);
  const front = await frontDoor({ authority, clock }, signInOrArm(signIn, control.handler));
  const armPort = await listenLocal(front, config.ports["armPort"]);
  const portal = await openPortal(config, { source: control.source, clock, random });
  return {
    source: control.source,
    ready: {
      armPort,
      ...portal.ready,
      ca: authority.caPath,
      credential: paths.credential,
      ...tenant,
    },
    close: async () => {
      await Promise.all([closeServer(front), portal.close(), closeServer(identity)]);
      await Promise.all([control.close(), parser.close()]);
      credential.close();
    },
  };
}

async function openTenant(path: string, random: Random): Promise<Tenant> {
  const text = await openPrivateFile(path, random, () =>
    JSON.stringify({ tenantId: guid(random), subscriptionId: guid(random) }),
  );
  return JSON.parse(text) as Tenant;
}

function authenticate(
  request: HttpRequest,
  { key, tenant, clock }: { key: SigningKeys; tenant: Tenant; clock: Clock },
): Authentication {
  const token = bearerOf(request.headers["authorization"]);
  if (token === undefined) {
    const says = "Authentication failed. The 'Authorization' header is missing.";
    return { ok: false, code: "AuthenticationFailed", says };
  }
  const verified = verifyToken(token, {
    jwks: key.jwks(),
    tenantId: tenant.tenantId,
    // A client that was given the local endpoint asks for tokens to it; the Host header is the client's own word.
    audiences: [
      audiences.arm,
      audiences.armClassic,
      ...(localHosts.includes(request.host) ? [request.origin] : []),
    ],
    nowMs: clock.nowMs(),
  });
  return verified.ok
    ? { ok: true, principal: verified.principal }
    : { ok: false, code: "InvalidAuthenticationToken", says: verified.says };
}

/** What the bootstrap principal may do: everything in ARM, and write and read metrics, which no ARM role includes. */
const bootstrapRoles = ["Owner", "Monitoring Metrics Publisher", "Monitoring Data Reader"];

/** The bootstrap principal's roles on the subscription: ordinary role assignments that an owner may replace. */
function bootstrapAssignments(
  tenant: Tenant,
  principalId: string,
  parts: ControlParts,
): readonly ArmResource[] {
  const scope = `/subscriptions/${tenant.subscriptionId}`;
  const now = new Date(parts.clock.nowMs()).toISOString();
  return roleDefinitions
    .filter(({ roleName }) => bootstrapRoles.includes(roleName))
    .map((role) => {
      const name = guid(parts.random);
      return {
        id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
        name,
        type: "Microsoft.Authorization/roleAssignments",
        properties: {
          roleDefinitionId: `${scope}/providers/Microsoft.Authorization/roleDefinitions/${role.id}`,
          principalId,
          principalType: "ServicePrincipal",
          scope,
          createdOn: now,
          updatedOn: now,
        },
      };
    });
}

/** The socket that only the platform's owner can open: managed identities for the fabric, and rotating the credential. */
function ownersDoor(rotate: () => Promise<void>, identities: HttpHandler): HttpHandler {
  return async (request) => {
    if (request.path !== "/rotate-credential") return identities(request);
    if (request.method !== "POST") return json(405, {}, { allow: "POST" });
    await rotate();
    return { status: 204 };
  };
}

/** ARM's paths and sign-in's do not meet: a client that was given one endpoint for both finds each. */
function signInOrArm(signIn: HttpHandler, arm: HttpHandler): HttpHandler {
  const signInPath =
    /^\/+(adfs\/|common\/|organizations\/|[^/]+\/(oauth2|v2\.0|discovery|\.well-known)(\/|$))/i;
  return (request) => {
    if (request.host === cloud.loginHost) return signIn(request);
    return request.host !== cloud.armHost && signInPath.test(request.path)
      ? signIn(request)
      : arm(request);
  };
}

async function frontDoor(
  { authority, clock }: { readonly authority: Authority; readonly clock: Clock },
  handler: HttpHandler,
): Promise<HttpsServer> {
  const hosts: readonly string[] = [cloud.armHost, cloud.loginHost, ...localHosts];
  const server = createHttpsServer(
    {
      ...serverOptions,
      minVersion: "TLSv1.2",
      SNICallback: sniCallback(authority, (host) => hosts.includes(host)),
      // A client that dials an address sends no name.
      ...(await authority.leafFor("localhost")),
    },
    requestListener(
      handler,
      (error) => json(error.status, cloudError(error.code, error.message)),
      clock,
    ),
  );
  server.on("tlsClientError", () => {});
  return server;
}
