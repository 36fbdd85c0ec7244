/** The bootstrap credential: the one application that a new platform has, and its secret in a 0600 file. */
import { existsSync } from "node:fs";
import { openDatabase } from "../control/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { replacePrivateFile } from "../tls/index.ts";
import { bootstrapCredential, openApplications } from "../tokens/index.ts";
import type { Applications } from "../tokens/index.ts";
import { dataPaths } from "./paths.ts";
import type { ProcessConfig } from "./platform-process.ts";

export interface Credential {
  readonly applications: Applications;
  readonly objectId: string;
  /** Makes a new secret and writes the file; tokens that were given stay valid until they end. */
  readonly rotate: () => Promise<void>;
  readonly close: () => void;
}

/** Opens the applications; writes the credential's file when it is not there, with a new secret if need be. */
export async function openCredential(options: {
  readonly config: ProcessConfig;
  readonly parts: { readonly clock: Clock; readonly random: Random };
  readonly tenant: { readonly tenantId: string; readonly subscriptionId: string };
}): Promise<Credential> {
  const { config, parts, tenant } = options;
  const paths = dataPaths(config.data);
  const database = openDatabase(paths.applications);
  const applications = openApplications({ database, ...parts });
  const known = await bootstrapCredential(applications);
  const { appId: clientId, objectId } = known;
  const write = (clientSecret: string | undefined): Promise<void> =>
    replacePrivateFile({
      path: paths.credential,
      text: `${JSON.stringify({ ...tenant, clientId, objectId, clientSecret }, undefined, 2)}\n`,
      random: parts.random,
    });
  const rotate = async (): Promise<void> =>
    write((await applications.rotateSecret(clientId))?.secret);
  if (known.secret !== undefined) await write(known.secret);
  else if (!existsSync(paths.credential)) await rotate();
  return { applications, objectId, rotate, close: () => database.close() };
}
