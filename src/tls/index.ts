/** The local certificate authority, and private keys at rest. */
export { openAuthority, sniCallback } from "./authority.ts";
export type { Authority, AuthorityOptions, LeafPem } from "./authority.ts";
export { tlsErrors } from "./errors.ts";
export {
  makePrivateFolder,
  openPrivateFile,
  readPrivateFile,
  replacePrivateFile,
} from "./private-file.ts";
