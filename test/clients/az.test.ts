/** The Azure CLI under exec, as the built-in cloud: it is told of no endpoint, and finds the platform by Azure's own names. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";
import { credentialOf } from "../support/private-estate.ts";

const program = "/usr/bin/az";
const namespace = namespaceProblem(process.platform);
const skip =
  (!existsSync(program) && `not installed: ${program}`) ||
  (namespace !== undefined && `this machine gives no namespace: ${namespace}`);

const folder = mkdtempSync(join(tmpdir(), "linkscope-az-"));
let platform: TestPlatform;
before(async () => {
  if (skip !== false) return;
  platform = await startPlatform();
  mkdirSync(join(folder, "config"));
});
after(async () => {
  await platform?.stop();
  if (platform !== undefined) removeFolder(platform.data);
  removeFolder(folder);
});

/** Runs az outside of every network, where ARM and sign-in have their public addresses. */
function az(...words: readonly string[]): Promise<CommandResult> {
  return platform.linkscope(
    ["exec", "--quiet", "--public", "--", program, ...words, "--only-show-errors"],
    {
      environment: {
        AZURE_CONFIG_DIR: join(folder, "config"),
        AZURE_CORE_COLLECT_TELEMETRY: "no",
        AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
      },
    },
  );
}

async function answered(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, note } = await az(...words, "-o", "json");
  assert.equal(code, 0, `az ${words.slice(0, 3).join(" ")}: ${note}`);
  return JSON.parse(out) as Record<string, unknown>;
}

test(
  "az signs in as a service principal, makes a group and a private link scope",
  { skip },
  async () => {
    const { tenantId, subscriptionId, clientId, clientSecret } = credentialOf(platform.ready);
    const secret = join(folder, "secret");
    writeFileSync(secret, clientSecret, { mode: 0o600 });
    const password = ["--password", `@${secret}`];
    const asWhom = ["--service-principal", "--username", clientId, "--tenant", tenantId];
    const login = await az("login", ...asWhom, ...password);
    assert.equal(login.code, 0, login.note);
    const account = await answered("account", "show");
    assert.deepEqual([account["id"], account["tenantId"]], [subscriptionId, tenantId]);
    const group = await answered("group", "create", "--name", "rg-az", "--location", "eastus");
    assert.equal(group["name"], "rg-az");
    const scope = ["--name", "ampls-az", "--resource-group", "rg-az"];
    await answered("monitor", "private-link-scope", "create", ...scope);
    const shown = await answered("monitor", "private-link-scope", "show", ...scope);
    assert.equal(shown["name"], "ampls-az");
    assert.match(String(shown["id"]), new RegExp(`^/subscriptions/${subscriptionId}/`));
  },
);
