/** A DNS client: one question to one resolver, over UDP and where it is truncated over TCP. @see RFC 1035, RFC 7766 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { Answer, DecodedPacket, RecordType } from "dns-packet";
import { limits, messageOf } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { clientError } from "./errors.ts";

export interface DnsAnswer {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` … */
  readonly rcode: string;
  /** The names that led to the addresses: the question, then the target of each CNAME. */
  readonly chain: readonly string[];
  /** Addresses of the chain's last name; none with NOERROR means NODATA. */
  readonly addresses: readonly string[];
  readonly authoritative: boolean;
  readonly over: "udp" | "tcp";
  /** The resolver: `127.0.0.1:5300`. */
  readonly resolver: string;
}

export interface DnsClient {
  /**
   * @throws CodedError DnsTimedOut, DnsUnreadable, ConnectionFailed.
   */
  resolve(
    name: string,
    options?: { readonly type?: "A" | "AAAA" | "CNAME"; readonly over?: "udp" | "tcp" },
  ): Promise<DnsAnswer>;
}

export interface DnsClientOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Of one try; `limits.dnsClientTimeoutMs` where absent. UDP is tried twice. */
  readonly timeoutMs?: number;
}

type Exchange = (query: Buffer, options: DnsClientOptions) => Promise<Buffer>;

/** Opens a client of one resolver; each question has a socket of its own. */
export function dnsClient(options: DnsClientOptions): DnsClient {
  return {
    async resolve(name, { type = "A", over = "udp" } = {}) {
      const asked = { name, type, id: options.random.bytes(2).readUInt16BE() };
      if (over === "tcp") return ask(overTcp, asked, { ...options, over: "tcp" });
      const first = await ask(twice(overUdp), asked, { ...options, over: "udp" });
      return first.truncated ? ask(overTcp, asked, { ...options, over: "tcp" }) : first;
    },
  };
}

async function ask(
  exchange: Exchange,
  asked: { readonly name: string; readonly type: RecordType; readonly id: number },
  options: DnsClientOptions & { readonly over: "udp" | "tcp" },
): Promise<DnsAnswer & { readonly truncated: boolean }> {
  const { name, type, id } = asked;
  const query = encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name, class: "IN" }],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: 1232,
        flags: 0,
        options: [],
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: false,
      },
    ],
  });
  const packet = read(await exchange(query, options));
  const [question] = packet.questions ?? [];
  const same = question?.name.toLowerCase() === name.toLowerCase() && question.type === type;
  if (packet.id !== id || packet.type !== "response" || !same) {
    throw clientError("DnsUnreadable", `The answer is to another question than ${name} ${type}.`);
  }
  return {
    ...followChain(name, packet.answers ?? [], type),
    rcode: packet.rcode,
    authoritative: packet.flag_aa,
    truncated: packet.flag_tc,
    over: options.over,
    resolver: `${options.host}:${options.port}`,
  };
}

function read(message: Buffer): DecodedPacket & { readonly rcode: string } {
  try {
    const packet = decode(message);
    const rcode = "rcode" in packet ? String(packet.rcode) : "";
    return { ...packet, rcode };
  } catch (error) {
    const says = `The answer of ${message.length} bytes cannot be read: ${messageOf(error)}.`;
    throw clientError("DnsUnreadable", says, { cause: error });
  }
}

/** Follows CNAMEs from the question; what a resolver adds beside the chain does not count. */
function followChain(
  name: string,
  answers: readonly Answer[],
  type: RecordType,
): Pick<DnsAnswer, "chain" | "addresses"> {
  const chain = [name];
  const here = (answer: Answer): boolean =>
    answer.name.toLowerCase() === chain.at(-1)?.toLowerCase();
  // Each step takes one answer, so that a loop of CNAMEs ends.
  for (let step = 0; step < answers.length; step += 1) {
    const alias = answers.find((answer) => answer.type === "CNAME" && here(answer));
    if (alias?.type !== "CNAME" || chain.includes(alias.data)) break;
    chain.push(alias.data);
  }
  const addresses = answers.flatMap((answer) =>
    (answer.type === "A" || answer.type === "AAAA") && answer.type === type && here(answer)
      ? [String(answer.data)]
      : [],
  );
  return { chain, addresses };
}

const twice =
  (exchange: Exchange): Exchange =>
  async (query, options) => {
    try {
      return await exchange(query, options);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "DnsTimedOut")) throw error;
      return exchange(query, options);
    }
  };

const timedOut = ({ host, port, timeoutMs }: DnsClientOptions): Error =>
  clientError(
    "DnsTimedOut",
    `The resolver ${host}:${port} did not answer within ${timeoutMs ?? limits.dnsClientTimeoutMs} ms.`,
  );

const failed = ({ host, port }: DnsClientOptions, error: Error): Error =>
  clientError("ConnectionFailed", `The resolver ${host}:${port}: ${error.message}.`, {
    cause: error,
  });

function overUdp(query: Buffer, options: DnsClientOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { host, port, clock, timeoutMs = limits.dnsClientTimeoutMs } = options;
    // A connected socket takes answers from that address only.
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const timer = clock.after(timeoutMs, () => finish(() => reject(timedOut(options))));
    const finish = (settle: () => void): void => {
      timer.cancel();
      socket.close();
      settle();
    };
    socket.once("error", (error) => finish(() => reject(failed(options, error))));
    socket.on("message", (message) => {
      // Answers to older questions, and forged ones, are passed over.
      if (message.length >= 2 && message.readUInt16BE() === query.readUInt16BE()) {
        finish(() => resolve(message));
      }
    });
    socket.connect(port, host, () => socket.send(query));
  });
}

function overTcp(query: Buffer, options: DnsClientOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { host, port, clock, timeoutMs = limits.dnsClientTimeoutMs } = options;
    const socket = connect({ host, port });
    const timer = clock.after(timeoutMs, () => finish(() => reject(timedOut(options))));
    const finish = (settle: () => void): void => {
      timer.cancel();
      socket.destroy();
      settle();
    };
    let read = Buffer.alloc(0);
    socket.once("error", (error) => finish(() => reject(failed(options, error))));
    socket.once("close", () =>
      finish(() => reject(clientError("DnsUnreadable", "The resolver ended the connection."))),
    );
    socket.on("data", (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      const size = read.length < 2 ? Infinity : read.readUInt16BE();
      if (read.length >= 2 + size) finish(() => resolve(read.subarray(2, 2 + size)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}
