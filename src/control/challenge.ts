/** 401 with the challenge by which clients learn where tokens come from. */
import { cloudError } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import { json } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import type { Authentication } from "./platform.ts";

/** @see RFC 6750 section 3; the parameters are those that ARM sends. */
export function challenge(
  { code, says }: Extract<Authentication, { ok: false }>,
  tenantId: string,
): HttpResponse {
  const description = says.replaceAll(/["\\\p{Cc}]/gu, "'").slice(0, 400);
  return json(401, cloudError(code, says), {
    "www-authenticate": `Bearer authorization_uri="https://${cloud.loginHost}/${tenantId}", error="invalid_token", error_description="${description}"`,
  });
}
