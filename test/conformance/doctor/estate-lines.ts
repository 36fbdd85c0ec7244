/** The lines that an estate is told in: `kind name key=value …`; which keys each kind has, and their defaults. */

export interface EstateLine {
  readonly kind: string;
  readonly name: string;
  readonly words: ReadonlyMap<string, string>;
}

/** Each kind's keys with their defaults; `-` is nothing. README.md says what they mean. */
export const lineKinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  network: { region: "westeurope", dns: "-", subscription: "1", endpoints: "/22", policies: "-" },
  peering: { with: "-", forwarded: "yes", access: "yes" },
  cluster: {
    network: "-",
    region: "westeurope",
    private: "yes",
    metrics: "-",
    logs: "-",
    configuration: "-",
    agents: "managed",
    proxy: "-",
    exempt: "-",
    subscription: "1",
  },
  dce: { region: "westeurope", public: "Disabled", subscription: "1" },
  rule: { kind: "metrics", region: "westeurope", dce: "-", workspace: "-", subscription: "1" },
  "metrics-workspace": { region: "westeurope", public: "Disabled", subscription: "1" },
  "logs-workspace": {
    region: "westeurope",
    ingestion: "Disabled",
    query: "Enabled",
    subscription: "1",
  },
  scope: { links: "-", ingestion: "Open", query: "Open", subscription: "1" },
  endpoint: {
    network: "-",
    to: "-",
    state: "Approved",
    dns: "dns",
    linked: "-",
    group: "yes",
    except: "-",
    subscription: "1",
  },
  zone: { dns: "dns", linked: "-", redirects: "no" },
  grafana: { workspace: "-", state: "Approved", role: "yes", subscription: "1" },
  component: { ingestion: "Disabled", query: "Disabled", subscription: "1" },
  storage: { network: "-", subscription: "1" },
  "security-group": { of: "-", subnet: "nodes", deny: "-", allow: "-" },
  firewall: { network: "-", allow: "-", proxy: "no", servers: "-" },
  route: { of: "nodes", to: "0.0.0.0/0", hop: "-" },
  resolver: { network: "-" },
  forward: { networks: "-", to: "-", by: "-" },
  "on-premises": { hub: "-", forwarder: "-" },
  role: { role: "publisher", at: "-", subscription: "1" },
};

/** One line's text as data. @throws Error that says what it does not know. */
export function parseEstateLine(text: string): EstateLine {
  const [kind = "", name = "", ...rest] = text.trim().split(/ +/);
  const keys = Object.hasOwn(lineKinds, kind) ? lineKinds[kind] : undefined;
  if (keys === undefined) throw new Error(`'${kind}' is nothing that an estate has`);
  if (name === "" || name.includes("=")) throw new Error(`'${kind}' needs a name`);
  const words = new Map<string, string>();
  for (const word of rest) {
    const at = word.indexOf("=");
    const key = word.slice(0, at);
    if (at < 1 || !Object.hasOwn(keys, key)) throw new Error(`'${word}' is not a key of '${kind}'`);
    words.set(key, word.slice(at + 1));
  }
  return { kind, name, words };
}

/** The value of a key, or its default; undefined for `-`. */
export function wordOf({ kind, words }: EstateLine, key: string): string | undefined {
  const value = words.get(key) ?? lineKinds[kind]?.[key];
  return value === "-" ? undefined : value;
}

/** The parts of a value with commas. */
export const listOf = (line: EstateLine, key: string): readonly string[] =>
  wordOf(line, key)?.split(",") ?? [];

const sameLine = (a: EstateLine, b: EstateLine): boolean => a.kind === b.kind && a.name === b.name;

/** The lines with one more, or with other words for one that is there. A word with a leading `+` adds to a list, `-` takes from it. */
export function withLine(lines: readonly EstateLine[], line: EstateLine): readonly EstateLine[] {
  const before = lines.find((one) => sameLine(one, line));
  if (before === undefined) return [...lines, line];
  const words = new Map(before.words);
  for (const [key, value] of line.words) {
    const [first] = value;
    const old = listOf(before, key);
    if (first === "+") words.set(key, [...old, value.slice(1)].join(","));
    else if (first === "-" && value.length > 1) {
      const left = old.filter((one) => one !== value.slice(1));
      if (left.length === old.length) throw new Error(`'${value.slice(1)}' is not in '${key}'`);
      words.set(key, left.length === 0 ? "-" : left.join(","));
    } else words.set(key, value);
  }
  return lines.map((one) => (one === before ? { ...before, words } : one));
}

/** The lines without one. @throws Error when there is none such. */
export function withoutLine(
  lines: readonly EstateLine[],
  gone: Pick<EstateLine, "kind" | "name">,
): readonly EstateLine[] {
  const left = lines.filter(({ kind, name }) => kind !== gone.kind || name !== gone.name);
  if (left.length === lines.length) throw new Error(`there is no '${gone.kind} ${gone.name}'`);
  return left;
}
