/** Syslog: messages of both standards, framings of streams, real sockets, and what a rule chooses. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { testFolder } from "../../client/testing/servers.ts";
import type { LogsConfiguration } from "../../client/index.ts";
import { CodedError, fakeClock, limits } from "../../core/index.ts";
import type { AgentRecord } from "../logs/record-intake.ts";
import { parseSyslog } from "./parse-syslog.ts";
import { SyslogFraming } from "./syslog-framing.ts";
import { listenSyslog, parseSyslogAddress } from "./syslog-listener.ts";
import { syslogSource } from "./syslog-source.ts";

test("messages of RFC 5424 and of RFC 3164, whole or not, have their parts", () => {
  const of = (text: string) => {
    const found = parseSyslog(text);
    return found === undefined ? undefined : Object.values(found);
  };
  assert.deepEqual(
    of(`<165>1 2026-01-01T00:00:00.003Z host app 12 ID [a b="c\\]d"][e] \ufeffsaid\n`),
    ["local4", "notice", "2026-01-01T00:00:00.003Z", "host", "app", "12", "said"],
  );
  assert.deepEqual(of("<0>1 - - - - - - "), ["kern", "emerg", undefined, "", "", "", ""]);
  assert.deepEqual(of("<34>Oct 11 22:14:15 host su[7]: failed for x"), [
    "auth",
    "crit",
    undefined,
    "host",
    "su",
    "7",
    "failed for x",
  ]);
  assert.deepEqual(of("<13>2026-01-01T00:00:00+01:00 host prog: said"), [
    "user",
    "notice",
    "2026-01-01T00:00:00+01:00",
    "host",
    "prog",
    "",
    "said",
  ]);
  assert.deepEqual(of("<191>just text"), ["local7", "debug", undefined, "", "", "", "just text"]);
  assert.deepEqual(
    ["<192>x", "no priority", "", "<>x", "<1234>x"].map(of),
    Array(5).fill(undefined),
  );
});

test("a stream's messages are cut by their lengths or by line feeds, however the bytes arrive", () => {
  const bytes = Buffer.from("11 <13>a\nb c d<13>one\n<13>two\n5 <13>x");
  for (const step of [1, 3, bytes.length]) {
    const framing = new SyslogFraming();
    const messages: string[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      messages.push(...(framing.take(bytes.subarray(at, at + step)) ?? ["wrong"]));
    }
    assert.deepEqual(messages, ["<13>a\nb c d", "<13>one", "<13>two", "<13>x"], `by ${step}`);
  }
  assert.equal(new SyslogFraming().take(Buffer.from("12x <13>")), undefined);
  assert.equal(new SyslogFraming().take(Buffer.from("123456789")), undefined);
});

test("a message has 64 KiB; what is longer is cut there, and the next one is whole", () => {
  const most = limits.logLineBytesMax;
  for (const length of [most, most + 1]) {
    const counted = new SyslogFraming().take(Buffer.from(`${length} ${"x".repeat(length)}3 end`));
    assert.deepEqual(
      counted?.map((one) => one.length),
      [most, 3],
    );
    const ended = new SyslogFraming().take(Buffer.from(`${"x".repeat(length)}\nend\n`));
    assert.deepEqual(
      ended?.map((one) => one.length),
      [most, 3],
    );
  }
  // Without an end there is no waiting for it.
  const framing = new SyslogFraming();
  assert.equal(framing.take(Buffer.alloc(most, "x"))?.length, 0);
  assert.equal(framing.take(Buffer.from("x"))?.length, 1);
});

test("SyslogAddressInvalid: an address is one of three forms", () => {
  assert.deepEqual(parseSyslogAddress("tcp:[::1]:514"), { kind: "tcp", host: "::1", port: 514 });
  assert.deepEqual(parseSyslogAddress("unix:/run/s"), { kind: "unix", path: "/run/s" });
  for (const text of ["514", "tcp:514", "udp:h:99999", "unix:relative", "tls:h:1"]) {
    assert.throws(() => parseSyslogAddress(text), { code: "SyslogAddressInvalid" }, text);
  }
});

test("datagrams and streams are taken on real sockets; SyslogUnavailable: an address that is taken opens none of them", async () => {
  const taken: string[] = [];
  let told: () => void = () => undefined;
  const path = join(testFolder(), "syslog");
  const listener = await listenSyslog(
    ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", `unix:${path}`].map(parseSyslogAddress),
    (text) => {
      taken.push(text);
      told();
    },
  );
  const until = async (count: number): Promise<void> => {
    while (taken.length < count) await new Promise<void>((done) => (told = done));
  };
  const [udp, tcp] = listener.addresses;
  assert.ok(udp?.kind === "udp" && tcp?.kind === "tcp");
  const sender = createSocket("udp4");
  sender.send("<13>by datagram", udp.port, "127.0.0.1");
  await until(1);
  sender.close();
  const stream = connect(tcp.port, "127.0.0.1");
  stream.write("<13>by tcp\n");
  await until(2);
  const local = connect(path);
  local.write("12 <13>by unix!");
  await until(3);
  // Bytes that are no framing end the connection.
  local.write("99999999999 ");
  await once(local, "close");
  assert.deepEqual(taken, ["<13>by datagram", "<13>by tcp", "<13>by unix!"]);
  const again = [{ kind: "udp", host: "127.0.0.1", port: 0 } as const, tcp];
  await assert.rejects(
    listenSyslog(again, () => undefined),
    (error) => error instanceof CodedError && error.code === "SyslogUnavailable",
  );
  await listener.close();
  await once(stream, "close");
});

test("what the rule's facilities and levels choose becomes a record; what comes too fast is counted", async () => {
  const clock = fakeClock();
  const source = syslogSource({ clock, computer: "node-1" });
  const put: AgentRecord[] = [];
  const intake = {
    put: (_type: string, records: readonly AgentRecord[]) => {
      put.push(...records);
      return true;
    },
    state: () => ({ recordsNotQueued: 0, failure: undefined }),
  };
  source.message("<13>before there is a rule");
  const syslog = [
    { facilities: ["auth", "daemon"], levels: ["Error", "Critical"] },
    { facilities: ["user"], levels: ["*"] },
  ];
  source.take({ syslog } as unknown as LogsConfiguration, intake);
  source.message("<35>Oct 11 22:14:15 h su[7]: an error of auth");
  source.message("<38>info of auth");
  source.message("<15>debug of user");
  source.message("no priority");
  clock.advance(limits.logBatchMs);
  await source.stop();
  assert.deepEqual(put, [
    {
      Timestamp: "2026-01-01T00:00:00.000Z",
      EventTime: "2026-01-01T00:00:00.000Z",
      Computer: "node-1",
      CollectorHostName: "node-1",
      Host: "h",
      Facility: "auth",
      Severity: "err",
      ident: "su",
      ProcessId: "7",
      Message: "an error of auth",
    },
    {
      Timestamp: "2026-01-01T00:00:00.000Z",
      EventTime: "2026-01-01T00:00:00.000Z",
      Computer: "node-1",
      CollectorHostName: "node-1",
      Host: "node-1",
      Facility: "user",
      Severity: "debug",
      ident: "",
      Message: "debug of user",
    },
  ]);
  assert.deepEqual(source.state(), { received: 5, malformed: 1, dropped: 0 });
  for (let at = 0; at <= limits.syslogWaitingMax; at += 1) source.message("<13>fast");
  assert.equal(source.state().dropped, 1);
});

test("so many senders of streams are connected at once; one more is turned away", async () => {
  const listener = await listenSyslog([parseSyslogAddress("tcp:127.0.0.1:0")], () => undefined);
  const [address] = listener.addresses;
  assert.ok(address?.kind === "tcp");
  const senders = Array.from({ length: limits.syslogConnectionsMax }, () =>
    connect(address.port, "127.0.0.1"),
  );
  await Promise.all(senders.map((sender) => once(sender, "connect")));
  const last = connect(address.port, "127.0.0.1");
  last.on("error", () => undefined);
  await once(last, "close");
  assert.ok(senders.every((sender) => !sender.destroyed));
  await listener.close();
  for (const sender of senders) sender.destroy();
});
