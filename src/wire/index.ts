/** Byte formats in plain TypeScript: nothing here opens a socket or a file. */
export { decodeProxyHeader, encodeProxyHeader } from "./proxy-header.ts";
export type { ProxyAddresses, ProxyEndpoint, ProxyHeader } from "./proxy-header.ts";
