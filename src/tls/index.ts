/** The local certificate authority, and private keys at rest. */
export { openAuthority, sniCallback } from "./authority.ts";
export type { Authority, AuthorityOptions } from "./authority.ts";
export { tlsErrors } from "./errors.ts";
export {
  makePrivateFolder,
  openPrivateFile,
  readPrivateFile,
  replacePrivateFile,
} from "./private-file.ts";
