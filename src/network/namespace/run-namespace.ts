/** The relay's life: takes its order, furnishes the namespace, relays, runs the command in it, reports how it ended. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { limits, messageOf } from "../../core/index.ts";
import { furnishNamespace, sealedCommand } from "./furnish.ts";
import { readOrder } from "./order.ts";
import type { NamespaceOrder, NamespaceReport } from "./order.ts";
import { startRelay } from "./relay-listeners.ts";

/** The signals that reach the command through the relay. A terminal sends the first two to the command itself. */
const terminalSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const passedSignals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR2", "SIGCONT"];

/**
 * Runs until the command ends, inside `unshare -Urnm`. The order comes on the file descriptor `channelFd`, a socket to
 * the parent, and the reports go back on it. When the parent is gone, so is the command.
 *
 * @returns the exit code for the relay: the command's, or 125 when nothing was run.
 */
export async function runNamespace(channelFd: number): Promise<number> {
  const channel = new Socket({ fd: channelFd, readable: true, writable: true });
  channel.on("error", () => {});
  const report = (value: NamespaceReport): void => void channel.write(`${JSON.stringify(value)}\n`);
  const order = readOrder(await firstLine(channel));
  if (typeof order === "string") {
    report({ kind: "refused", says: order });
    return ended(channel, 125);
  }
  const problem = furnishNamespace(order) ?? (await relayProblem(order));
  if (problem !== undefined) {
    report({ kind: "refused", says: problem });
    return ended(channel, 125);
  }
  const [file = "", ...args] = sealedCommand(order);
  const command = spawn(file, args, { stdio: "inherit", env: { ...order.environment } });
  report({ kind: "started" });
  passSignals(command, order.terminal);
  channel.once("close", () => command.kill("SIGHUP"));
  channel.resume();
  const end = await new Promise<Extract<NamespaceReport, { kind: "ended" }>>((done) => {
    command.once("error", () => done({ kind: "ended", code: 126, signal: null }));
    command.once("exit", (code, signal) => done({ kind: "ended", code, signal }));
  });
  report(end);
  return ended(channel, end.code ?? 125);
}

async function relayProblem(order: NamespaceOrder): Promise<string | undefined> {
  try {
    await startRelay(order);
    return undefined;
  } catch (error) {
    return `The relay cannot listen: ${messageOf(error)}`;
  }
}

function passSignals(command: ChildProcess, terminal: boolean): void {
  for (const signal of terminalSignals) {
    process.on(signal, () => {
      if (!terminal) command.kill(signal);
    });
  }
  for (const signal of passedSignals) process.on(signal, () => command.kill(signal));
}

/** The channel's first line; empty when the parent ends it before. */
function firstLine(channel: Socket): Promise<string> {
  return new Promise((done) => {
    let held: Buffer = Buffer.alloc(0);
    const finish = (text: string): void => {
      channel.off("data", onData);
      channel.off("close", onClose);
      channel.pause();
      done(text);
    };
    const onData = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      const at = held.indexOf(0x0a);
      if (at >= 0) finish(held.subarray(0, at).toString("utf8"));
      else if (held.length > limits.namespaceConfigBytesMax) finish("");
    };
    const onClose = (): void => finish("");
    channel.on("data", onData);
    channel.once("close", onClose);
  });
}

/** Ends the channel when what was reported has gone out. */
const ended = (channel: Socket, code: number): Promise<number> =>
  new Promise((done) => {
    if (channel.destroyed) return done(code);
    channel.end(() => done(code));
  });
