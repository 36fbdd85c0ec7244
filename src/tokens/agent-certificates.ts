/** The certificates of registered agents: which workspace each may write into. Kept in a private file, as hashes. */
import { X509Certificate } from "node:crypto";
import { isObject } from "../arm/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { readPrivateFile, replacePrivateFile } from "../tls/index.ts";

export interface AgentCertificates {
  /**
   * Binds a certificate to a workspace until it ends. Resolves when the binding is durable.
   *
   * @throws CodedError AgentCertificateRefused (403): no certificate, one that is over, or one too many.
   */
  register(customerId: string, certificate: AgentCertificate): Promise<void>;
  /** Whether a thumbprint (SHA-256, lower-case hex) opens the workspace now. */
  opens(customerId: string, thumbprint: string): boolean;
  /** Forgets the agents of a workspace that is gone. */
  forget(customerId: string): Promise<void>;
}

export interface AgentCertificate {
  /** DER. */
  readonly der: Uint8Array;
}

interface Binding {
  readonly customerId: string;
  readonly thumbprint: string;
  readonly notAfterMs: number;
}

/**
 * Opens the file of the bindings; it is made at the first registration.
 *
 * @throws CodedError KeyFileExposed, KeyFileUnreadable.
 */
export async function openAgentCertificates(options: {
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<AgentCertificates> {
  const { path, clock, random } = options;
  const bindings = readBindings(path, await readPrivateFile(path));
  let writing: Promise<unknown> = Promise.resolve();
  const change = (alter: (next: Map<string, Binding>) => void): Promise<void> => {
    const changed = writing.then(async () => {
      const next = new Map(bindings);
      alter(next);
      const text = JSON.stringify({ agents: [...next.values()] });
      await replacePrivateFile({ path, text, random });
      bindings.clear();
      for (const [key, binding] of next) bindings.set(key, binding);
    });
    writing = changed.catch(() => undefined);
    return changed;
  };
  return {
    async register(customerId, { der }) {
      const binding = bindingOf(customerId, der, clock.nowMs());
      const key = keyOf(binding);
      if (bindings.has(key)) return;
      await change((next) => {
        for (const [old, { notAfterMs }] of next) if (notAfterMs <= clock.nowMs()) next.delete(old);
        const own = [...next.values()].filter((one) => one.customerId === customerId).length;
        if (own >= limits.agentsPerWorkspaceMax) {
          throw refused(
            `The workspace ${customerId} has ${own} registered agents; the limit is ${limits.agentsPerWorkspaceMax}.`,
          );
        }
        next.set(key, binding);
      });
    },
    opens(customerId, thumbprint) {
      const binding = bindings.get(keyOf({ customerId, thumbprint }));
      return binding !== undefined && clock.nowMs() < binding.notAfterMs;
    },
    async forget(customerId) {
      const has = [...bindings.values()].some((one) => one.customerId === customerId);
      if (!has) return;
      await change((next) => {
        for (const [key, one] of next) if (one.customerId === customerId) next.delete(key);
      });
    },
  };
}

const keyOf = ({ customerId, thumbprint }: Pick<Binding, "customerId" | "thumbprint">): string =>
  `${customerId} ${thumbprint}`;

function bindingOf(customerId: string, der: Uint8Array, nowMs: number): Binding {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw refused("AuthenticationCertificate is no X.509 certificate.");
  }
  const notAfterMs = Date.parse(certificate.validTo);
  if (!(nowMs < notAfterMs)) throw refused(`The certificate ended at ${certificate.validTo}.`);
  const thumbprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return { customerId, thumbprint, notAfterMs };
}

const refused = (says: string): CodedError =>
  new CodedError("AgentCertificateRefused", says, { status: 403 });

function readBindings(path: string, text: string | undefined): Map<string, Binding> {
  if (text === undefined) return new Map();
  try {
    const file: unknown = JSON.parse(text);
    const agents = isObject(file) ? file["agents"] : undefined;
    if (!Array.isArray(agents)) throw new Error("it has no agents");
    const bindings = agents.filter(isObject).map((agent) => ({
      customerId: String(agent["customerId"]),
      thumbprint: String(agent["thumbprint"]),
      notAfterMs: Number(agent["notAfterMs"]),
    }));
    return new Map(bindings.map((binding) => [keyOf(binding), binding]));
  } catch (error) {
    throw new CodedError(
      "KeyFileUnreadable",
      `${path} holds no registered agents. Restore it, or delete it so that agents register anew.`,
      { cause: error },
    );
  }
}
