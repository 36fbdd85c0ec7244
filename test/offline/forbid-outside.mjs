/**
 * Loaded by `NODE_OPTIONS=--import …`, which every Node process below inherits: ends the process at the first connection,
 * datagram, name lookup or listener that is not for this machine alone, and writes down what it was.
 *
 * It takes hold of Node's own handles, below `net`, `tls`, `dgram`, `http` and `fetch`. Programs that are not Node's are
 * another witness's matter, a network namespace with nothing but `lo`.
 *
 * LINKSCOPE_OUTSIDE_LOG names the file for what was seen; `LOG.loaded` gets a line of each process that was watched.
 * LINKSCOPE_OUTSIDE_NET is the network namespace to watch: `exec` makes others, which have `lo` alone.
 */
import { appendFileSync, readlinkSync } from "node:fs";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import { BlockList, isIP } from "node:net";
import { isMainThread } from "node:worker_threads";

const log = process.env["LINKSCOPE_OUTSIDE_LOG"];
if (log === undefined) throw new Error("LINKSCOPE_OUTSIDE_LOG names no file.");

export const OUTSIDE_EXIT = 86;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

const isInside = (address) => {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? "ipv6" : "ipv4");
};

function forbid(what) {
  const words = [process.argv[1] ?? "", ...process.argv.slice(2, 4)].join(" ");
  appendFileSync(log, `${process.pid} ${words}: ${what}\n`);
  process.stderr.write(`outside this machine: ${what}\n${new Error("at").stack}\n`);
  process.exit(OUTSIDE_EXIT);
}

/** Puts `check` before a method; it gets the method's arguments. */
function before(prototype, name, check) {
  const original = prototype[name];
  if (typeof original !== "function") throw new Error(`This Node has no ${name} to watch.`);
  prototype[name] = function watched(...args) {
    check(...args);
    return original.apply(this, args);
  };
}

/** @param verb what is done with an address that must be this machine's. */
const mustBeInside =
  (verb, addressAt, portAt) =>
  (...args) => {
    if (!isInside(args[addressAt])) forbid(`${verb} ${args[addressAt]} port ${args[portAt]}`);
  };

function watchHandles() {
  const { TCP } = process.binding("tcp_wrap");
  const { UDP } = process.binding("udp_wrap");
  for (const name of ["connect", "connect6"]) {
    before(TCP.prototype, name, mustBeInside("connect to", 1, 2));
    before(UDP.prototype, name, mustBeInside("connect a datagram socket to", 0, 1));
  }
  for (const name of ["bind", "bind6"]) {
    before(TCP.prototype, name, mustBeInside("listen at", 0, 1));
  }
  // A send on a connected socket has no address of its own.
  for (const name of ["send", "send6"]) {
    before(UDP.prototype, name, (_request, _list, _count, ...rest) => {
      if (rest.length > 1) mustBeInside("send a datagram to", 1, 0)(...rest);
    });
  }
}

/** Names that the system would ask a server for. Those of this machine stand in its own hosts file. */
const isOwnName = (name) => !name || isIP(name) !== 0 || /(^|\.)localhost$/i.test(name);

function watchNames() {
  const check = (name) => {
    if (!isOwnName(name)) forbid(`look up ${name}`);
  };
  before(dns, "lookup", check);
  before(dns.promises, "lookup", check);
  before(dns, "lookupService", (address) => forbid(`look up ${address}`));
  const { ChannelWrap } = process.binding("cares_wrap");
  for (const name of Object.getOwnPropertyNames(ChannelWrap.prototype)) {
    if (/^(query|getHostByAddr)/.test(name)) {
      before(ChannelWrap.prototype, name, (_request, asked) => forbid(`${name} ${asked}`));
    }
  }
  syncBuiltinESMExports();
}

const isWatched =
  process.platform !== "linux" ||
  process.env["LINKSCOPE_OUTSIDE_NET"] === readlinkSync("/proc/self/ns/net");

if (isWatched) {
  watchHandles();
  watchNames();
  if (isMainThread)
    appendFileSync(`${log}.loaded`, `${process.pid} ${process.argv.slice(1, 3).join(" ")}\n`);
}
