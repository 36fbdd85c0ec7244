/** The files that a command inside needs: certificates, resolver and name service configuration; in a folder of their own. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { CertificateFiles } from "./environment.ts";

/** Where systems keep the certificates that they trust, as one file. */
export const systemBundles: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine, Arch
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/ssl/cert.pem", // Alpine, macOS
];

export interface ExecFiles extends CertificateFiles {
  readonly folder: string;
  readonly resolv: string;
  readonly nsswitch: string;
  readonly hosts: string;
  readonly remove: () => void;
}

/**
 * Makes the files in a new folder under `temporaryFolder`.
 *
 * @param caPem the platform's CA; it goes into no system store.
 */
export function makeExecFiles(options: {
  readonly temporaryFolder: string;
  readonly caPem: string;
  readonly dns: string;
}): ExecFiles {
  const folder = mkdtempSync(join(options.temporaryFolder, "linkscope-exec-"));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const system = systemBundles.find((path) => existsSync(path));
  const trusted = system === undefined ? "" : readFileSync(system, "utf8").trimEnd();
  return {
    folder,
    ca: write("ca.pem", options.caPem),
    bundle: write("bundle.pem", `${trusted}\n${options.caPem}`.trimStart()),
    resolv: write("resolv.conf", `nameserver ${options.dns}\noptions timeout:2 attempts:2\n`),
    nsswitch: write("nsswitch.conf", nsswitch()),
    // This machine's own entries would stand before the network's DNS.
    hosts: write("hosts", `127.0.0.1 localhost ${hostname()}\n::1 localhost\n`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The system's own name service switch, with hosts from the file and DNS alone: any other source would ask outside. */
function nsswitch(): string {
  const own = existsSync("/etc/nsswitch.conf") ? readFileSync("/etc/nsswitch.conf", "utf8") : "";
  const kept = own.split("\n").filter((line) => !/^\s*hosts\s*:/.test(line));
  return `${kept.join("\n").trimEnd()}\nhosts: files dns\n`.trimStart();
}

/** Which file stands over which of the system's, as they are after links. A link that leads nowhere cannot be stood over. */
export function bindsOf(
  files: ExecFiles,
): readonly { readonly source: string; readonly target: string }[] {
  const targets: readonly (readonly [string, string])[] = [
    [files.resolv, "/etc/resolv.conf"],
    [files.nsswitch, "/etc/nsswitch.conf"],
    [files.hosts, "/etc/hosts"],
    ...systemBundles.map((path) => [files.bundle, path] as const),
  ];
  const binds = new Map<string, string>();
  for (const [source, path] of targets) {
    if (existsSync(path)) binds.set(realpathSync(path), source);
  }
  return [...binds].map(([target, source]) => ({ source, target }));
}

/** Whether programs inside will find the resolver: without a resolv.conf to stand over they ask 127.0.0.1. */
export const resolverCanBeSet = (): boolean => existsSync("/etc/resolv.conf");
