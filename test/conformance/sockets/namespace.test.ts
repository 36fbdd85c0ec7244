/** The link cases on real sockets, in namespaces: programs that know of no proxy, and find names by resolv.conf. */
import { after, before } from "node:test";
import { namespaceProblem } from "../../../src/cli/exec/run-in-namespace.ts";
import { loadCases } from "../link/parse-cases.ts";
import { runCases } from "../link/run-cases.ts";
import { openSocketCases } from "./socket-implementation.ts";
import type { SocketCases } from "./socket-implementation.ts";

const problem = namespaceProblem(process.platform);
const reason = `this machine gives no namespace: ${problem}`;

let opened: SocketCases | undefined;
before(async () => {
  if (problem === undefined) opened = await openSocketCases("namespace");
});
after(() => opened?.close());

runCases({
  name: "in a namespace",
  implementation: (...question) => {
    if (opened === undefined) throw new Error("the clients never went in");
    return opened.implementation(...question);
  },
  skip: new Map(problem === undefined ? [] : loadCases().map(({ name }) => [name, reason])),
});
