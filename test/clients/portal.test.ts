/** The portal in Debian's Chromium: the example estate as a picture, why each path is what it is, both colours, and names that are hostile. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { chromium } from "playwright-core";
import type { BrowserContext, Page } from "playwright-core";
import { graphFrom, graphSource } from "../../src/arm/index.ts";
import { openPortal } from "../../src/bin/open-portal.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { estate, ids, resource } from "../../src/topology/testing/estate.ts";
import { linkscope, projectRoot, removeFolder } from "../support/command.ts";

const program = "/usr/bin/chromium";
const skip = !existsSync(program) && `this machine has no ${program}`;
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const folder = mkdtempSync(join(tmpdir(), "linkscope-portal-"));
const data = join(folder, "data");
let started: ChildProcess | undefined;
let browser: BrowserContext | undefined;
let address = "";

before(async () => {
  if (skip !== false) return;
  const opening = chromium.launchPersistentContext(join(folder, "user"), {
    executablePath: program,
    args: flags,
    chromiumSandbox: false,
    viewport: { width: 1440, height: 900 },
  });
  const words = [join(projectRoot, "src/bin/linkscope.ts"), "start", "--data", data];
  started = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  const said = await saidUntil(started, "stays up until Ctrl-C");
  address = /^portal +(\S+)$/m.exec(said)?.[1] ?? "";
  browser = await opening;
});

after(async () => {
  await browser?.close();
  if (started !== undefined && started.exitCode === null) {
    const gone = new Promise((done) => started?.once("close", done));
    started.kill("SIGTERM");
    await gone;
  }
  removeFolder(folder);
});

function saidUntil(child: ChildProcess, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = "";
    let note = "";
    child.stderr?.on("data", (chunk: Buffer) => (note += chunk.toString()));
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes(words)) resolve(out);
    });
    child.once("close", (code) => reject(new Error(`start ended with ${code}: ${out}${note}`)));
  });
}

/** A page at an address, and everything that went wrong on it or left this machine. */
async function opened(t: TestContext, url: string): Promise<{ page: Page; problems: string[] }> {
  assert.ok(browser !== undefined);
  const page = await browser.newPage();
  t.after(() => page.close());
  const problems: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("dialog", (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    const isOwn = hostname === "127.0.0.1" || protocol === "blob:" || protocol === "data:";
    if (!isOwn) problems.push(`a request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

const titles = (page: Page): Promise<string[]> =>
  page.locator(".box strong, .frame strong").allInnerTexts();

/** A portal in this process over a graph of our own making. */
async function portalOf(t: TestContext, graph: ReturnType<typeof estate>): Promise<string> {
  const own = mkdtempSync(join(folder, "own-"));
  const source = graphSource({ graph, jwks: { keys: [] }, tenantId: "t" });
  const parts = { source, clock: systemClock(), random: systemRandom() };
  const part = await openPortal({ data: own, sockets: own, ports: {} }, parts);
  t.after(() => part.close());
  const token = readFileSync(String(part.ready["portalToken"]), "utf8").trim();
  return `http://127.0.0.1:${part.ready["portalPort"]}/#${token}`;
}

test(
  "the example estate is drawn: network, cluster, endpoints, zones, scope, doors, workspace",
  { skip },
  async (t) => {
    const { page, problems } = await opened(t, address);
    await page.locator(".box").first().waitFor();
    assert.deepEqual((await titles(page)).sort(), [
      "6 private zones",
      "MSCI-inge…-aks-prod",
      "MSProm-we…-aks-prod",
      "Outside",
      "aks-prod",
      "ampls-monitoring",
      "amw-metrics",
      "amw-metrics",
      "law-logs",
      "pe-ampls-…-vnet-aks",
      "pe-amw-me…-vnet-aks",
      "vnet-aks",
    ]);
    const verdicts = await page.locator(".bar .verdict").allInnerTexts();
    assert.deepEqual(verdicts, ["6 private", "1 closed"], "queries by ARM are never private");
    // The token is out of the address, and a reload finds the cookie.
    assert.equal(new URL(page.url()).hash, "");
    await page.reload();
    await page.locator(".box").first().waitFor();
    assert.deepEqual(problems, []);
  },
);

test("what moves is shown on the arrow and in the bar", { skip }, async (t) => {
  const { page } = await opened(t, address);
  await page.locator(".moving.tone-private").first().waitFor();
  await page
    .getByText(/\d samples\/s/)
    .first()
    .waitFor();
  await page
    .getByText(/\d records\/s/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: /metrics private .*req\/s/ }).waitFor();
});

test(
  "a click on a path shows its chain of reasons, inside and outside, and dims the rest",
  { skip },
  async (t) => {
    const { page, problems } = await opened(t, address);
    await page.getByRole("button", { name: /metrics private/ }).click();
    const panel = page.getByRole("complementary", { name: "Details" });
    await panel.getByText("aks-prod: metrics-ingestion").waitFor();
    const rules = await panel.locator(".chain code").allInnerTexts();
    for (const rule of [
      "dns.zone",
      "dns.record",
      "reach.endpoint",
      "endpoint.approved",
      "scope.links",
      "dce.public-disabled",
    ]) {
      assert.ok(rules.includes(rule), `${rule} is missing of ${rules.join(", ")}`);
    }
    await page.locator(".box.kind-zones.dim").waitFor();
    await panel.getByRole("button", { name: "Close" }).click();
    await panel.waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
  },
);

test("a box is chosen by mouse and by keyboard, and shows its facts", { skip }, async (t) => {
  const { page } = await opened(t, address);
  await page.locator(".box.kind-dce").first().click();
  const panel = page.getByRole("complementary", { name: "Details" });
  await panel.getByText("data collection endpoint").waitFor();
  await panel.getByText("public access").waitFor();
  await page.locator(".react-flow__node-box:has(.kind-scope)").focus();
  await page.keyboard.press("Enter");
  await panel.getByText("ingestion access mode").waitFor();
});

test("dark follows the system and can be turned, and every word stays", { skip }, async (t) => {
  const { page, problems } = await opened(t, address);
  const canvas = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator(".box").first().waitFor();
  const light = await canvas();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-theme=dark]").waitFor();
  assert.notEqual(await canvas(), light);
  await page.getByRole("button", { name: "Use light colours" }).click();
  await page.locator("html[data-theme=light]").waitFor();
  assert.equal(await canvas(), light);
  assert.equal((await titles(page)).length, 12);
  await page.evaluate("localStorage.clear()");
  assert.deepEqual(problems, []);
});

test("without the token the page says how to open it, and names nothing", { skip }, async (t) => {
  const url = (await portalOf(t, estate())).replace(/#.*/, "");
  const { page } = await opened(t, url);
  await page.getByRole("alert").getByText("opens only with its token").waitFor();
  assert.ok(!(await page.content()).includes("amw"));
});

test(
  "names that look like markup are text, in the box, the panel and the saved file",
  { skip },
  async (t) => {
    const name = `<img src=x onerror="alert(1)">`;
    const graph = graphFrom([
      ...[...estate().all()].map((one) => (one.id === ids.workspace ? { ...one, name } : one)),
      resource(ids.vnet.replace(/vnet$/, "v2"), {}),
    ]);
    const { page, problems } = await opened(t, await portalOf(t, graph));
    await page.locator(".box.kind-workspace").click();
    await page.locator(".details h2", { hasText: name }).waitFor();
    assert.equal(await page.locator(".box img, .details img").count(), 0);
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save SVG" }).click();
    const svg = readFileSync(await (await saving).path(), "utf8");
    assert.ok(svg.startsWith("<svg") && !svg.includes("<img"));
    assert.deepEqual(problems, []);
  },
);

test("an estate that is broken says where and why", { skip }, async (t) => {
  const { page } = await opened(t, await portalOf(t, estate({ status: "Pending" })));
  await page.locator(".box .alarm", { hasText: "Pending" }).first().waitFor();
  await page.getByRole("button", { name: "3 broken" }).click();
  const rules = await page.locator(".details .chain code").allInnerTexts();
  assert.ok(rules.includes("endpoint.not-approved"));
});

test("the command gives the page's picture as a file, as data and as lines", { skip }, async () => {
  const file = join(folder, "topology.svg");
  const drawn = await linkscope(["show", "topology", "--data", data, "-o", "svg", file]);
  assert.deepEqual([drawn.code, drawn.out], [0, ""], drawn.note);
  const svg = readFileSync(file, "utf8");
  assert.match(svg, /^<svg .*ampls-monitoring.*<\/svg>\n$/s);
  const lines = await linkscope(["show", "topology", "--data", data]);
  assert.match(
    lines.out,
    /^aks-prod +metrics-ingestion +private .*pe-ampls-monitoring-vnet-aks → /m,
  );
  const json = await linkscope(["show", "topology", "--data", data, "-o", "json"]);
  const { topology } = JSON.parse(json.out) as { topology: { flows: { verdict: string }[] } };
  assert.deepEqual(
    topology.flows.map(({ verdict }) => verdict),
    [...Array<string>(6).fill("private"), ...Array<string>(7).fill("closed")],
  );
});
