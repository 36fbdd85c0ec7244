/** How the targets of jobs are reached: a transport for each way to verify, and credentials from their files. */
import { readFile } from "node:fs/promises";
import { openTransport } from "../client/index.ts";
import type { Transport } from "../client/index.ts";
import { limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { failed } from "./scrape-format.ts";
import type { JobTls, ScrapeJob } from "./scrape-job.ts";

export interface JobTransports {
  /**
   * The transport and headers for a job, its files read again as they are renewed.
   *
   * @throws CodedError ScrapeFailed where a file cannot be read.
   */
  open(
    job: ScrapeJob,
  ): Promise<{ transport: Transport; headers: Readonly<Record<string, string>> }>;
  close(): void;
}

/** @param plain for jobs that say nothing of TLS. */
export function jobTransports(options: {
  readonly plain: Transport;
  readonly clock: Clock;
  /** The token by which the agent asks its cluster's API server; undefined without a cluster, or without a token. */
  readonly ownToken: () => Promise<string | undefined>;
}): JobTransports {
  const { plain, clock, ownToken } = options;
  const files = new Map<string, { readonly text: Promise<string>; readonly untilMs: number }>();
  const opened = new Map<string, Transport>();
  const read = (path: string): Promise<string> => {
    const known = files.get(path);
    if (known !== undefined && clock.nowMs() < known.untilMs) return known.text;
    const text = readFile(path, "utf8").catch((error: unknown) => {
      files.delete(path);
      throw failed(`a file of the job cannot be read: ${messageOf(error)}`);
    });
    files.set(path, { text, untilMs: clock.nowMs() + limits.kubernetesTokenReadMs });
    return text;
  };
  const transportOf = async (tls: JobTls): Promise<Transport> => {
    const { caFile, certFile, keyFile, serverName, insecureSkipVerify } = tls;
    // An authority that is not asked need not be there.
    const caPem = caFile === undefined || insecureSkipVerify ? undefined : await read(caFile);
    const certPem = certFile === undefined ? undefined : await read(certFile);
    const keyPem = keyFile === undefined ? undefined : await read(keyFile);
    const key = JSON.stringify([caPem, certPem, keyPem, serverName, insecureSkipVerify]);
    if (key === PLAIN) return plain;
    const known = opened.get(key);
    if (known !== undefined) return known;
    const transport = openTransport({
      clock,
      verify: !insecureSkipVerify,
      ...(caPem === undefined ? {} : { caPem }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(certPem === undefined || keyPem === undefined
        ? {}
        : { clientCertificate: { certPem, keyPem } }),
    });
    opened.set(key, transport);
    return transport;
  };
  return {
    async open({ tls, authorization }) {
      const transport = await transportOf(tls);
      if (authorization === undefined) return { transport, headers: {} };
      if (authorization.kind === "own") {
        const token = await ownToken();
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        return { transport, headers };
      }
      const secret = (await read(authorization.credentialsFile)).trim();
      return { transport, headers: { authorization: `${authorization.type} ${secret}` } };
    },
    close() {
      for (const transport of opened.values()) transport.close();
      opened.clear();
    },
  };
}

const PLAIN = JSON.stringify([undefined, undefined, undefined, undefined, false]);
