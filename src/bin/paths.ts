/** Where everything lies: in the data folder what stays, in the socket folder what lives with the processes. */
import { join } from "node:path";

/** Files and folders of a data folder. */
export const dataPaths = (data: string) =>
  ({
    authority: join(data, "authority"),
    keys: join(data, "keys"),
    workspaceKeys: join(data, "keys", "workspaces.json"),
    agentCertificates: join(data, "keys", "agents.json"),
    state: join(data, "control.sqlite"),
    applications: join(data, "applications.sqlite"),
    credential: join(data, "credential.json"),
    portalToken: join(data, "keys", "portal-token"),
    platform: join(data, "platform.json"),
    metrics: join(data, "metrics"),
    logs: join(data, "logs"),
    links: join(data, "links.json"),
    graphCache: join(data, "graph.json"),
    accessLog: join(data, "access.ndjson"),
  }) as const;

/** Unix sockets: short names, for a path has at most 107 bytes. */
export const socketPaths = (sockets: string) =>
  ({
    graphFeed: join(sockets, "graph.sock"),
    identity: join(sockets, "identity.sock"),
    edgePrivate: join(sockets, "private.sock"),
    logsQuery: join(sockets, "logs.sock"),
    fabric: sockets,
  }) as const;
