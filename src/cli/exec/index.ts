/** Ways into a virtual network for any program: `exec`, and sessions for commands that go in themselves. */
export { askFabric, openSession } from "./admin-client.ts";
export type { OpenSession, SessionDoors, Where } from "./admin-client.ts";
export { gatewayEnvironment, namespaceEnvironment, proxyIgnorers } from "./environment.ts";
export { execErrors } from "./errors.ts";
export { runExec } from "./run-exec.ts";
export type { ExecOptions, Way } from "./run-exec.ts";
export type { SignalSource } from "./run-child.ts";
