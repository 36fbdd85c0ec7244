/** The environment of a command inside: the certificates that it trusts, and for the gateway its proxy. Pure. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Files in PEM form. */
export interface CertificateFiles {
  /** The system's bundle and the platform's own CA. */
  readonly bundle: string;
  /** The platform's own CA alone, for programs that add it to what they trust. */
  readonly ca: string;
}

/** Each names a file that replaces what a program trusts. */
const bundleVariables: readonly string[] = [
  "SSL_CERT_FILE", // OpenSSL, Go
  "NIX_SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE", // Python requests, az
  "PIP_CERT",
  "AWS_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "CARGO_HTTP_CAINFO",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];
/** Each names a file that is added to what a program trusts. */
const additionVariables: readonly string[] = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];

const proxyVariables: readonly string[] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
const exceptionVariables: readonly string[] = ["NO_PROXY"];
const bothCases = (names: readonly string[]): readonly string[] =>
  names.flatMap((name) => [name, name.toLowerCase()]);

/** What the environment alone does not bring inside: it needs its own setting, or a namespace. */
export const proxyIgnorers: readonly string[] = [
  "Prometheus (set proxy_url in its file, in oauth2 too)",
  "Java (set -Dhttps.proxyHost and -Dhttps.proxyPort, and a trust store)",
  "getent, dig, openssl s_client (use a namespace)",
  "programs with GnuTLS, wget on Debian among them: they take the proxy, but not the certificates",
];

/** The user's environment: without what the launcher set for the platform's own processes. */
const ofUser = (outer: Environment): readonly (readonly [string, string | undefined])[] => {
  const { LINKSCOPE_COMPILE_CACHE: ours, NODE_COMPILE_CACHE: cache, ...rest } = outer;
  const own = cache === undefined || cache === ours ? [] : [["NODE_COMPILE_CACHE", cache] as const];
  return [...Object.entries(rest), ...own];
};

/** The environment inside a namespace: no proxy, since names and addresses are the virtual network's own. */
export function namespaceEnvironment(
  outer: Environment,
  files: CertificateFiles,
): Readonly<Record<string, string>> {
  const dropped = [...bothCases([...proxyVariables, ...exceptionVariables]), "NODE_USE_ENV_PROXY"];
  const inherited = ofUser(outer).filter(([name]) => !dropped.includes(name));
  return defined([...inherited, ...certificateEntries(files)]);
}

/**
 * The environment for the gateway: every proxy variable in both spellings, no exception from it.
 *
 * @param gatewayUrl carries the session's secret; it stands in the environment, never on a command line.
 */
export function gatewayEnvironment(
  outer: Environment,
  files: CertificateFiles,
  gatewayUrl: string,
): Readonly<Record<string, string>> {
  return defined([
    ...ofUser(outer),
    ...bothCases(proxyVariables).map((name) => [name, gatewayUrl] as const),
    ...bothCases(exceptionVariables).map((name) => [name, ""] as const),
    ["NODE_USE_ENV_PROXY", "1"],
    ...certificateEntries(files),
  ]);
}

const certificateEntries = (files: CertificateFiles): readonly (readonly [string, string])[] => [
  ...bundleVariables.map((name) => [name, files.bundle] as const),
  ...additionVariables.map((name) => [name, files.ca] as const),
];

const defined = (
  entries: readonly (readonly [string, string | undefined])[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
