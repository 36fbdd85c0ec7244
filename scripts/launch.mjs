/** Starts any part of a clone on a Node of at least 24, whatever Node runs this, installing what is missing first. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_MAJOR_MIN = 24;
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

// A large snapshot is checked a tenth sooner when its short-lived objects are not collected every few megabytes.
const youngGeneration = "--max-semi-space-size=32";

/** What each script of package.json runs. A value is a list of commands; the first failure ends it. */
const scripts = {
  cli: (args) => [[node(youngGeneration, "src/bin/linkscope.ts", ...args), {}]],
  start: (args) => [[node(youngGeneration, "src/bin/linkscope.ts", "start", ...args), {}]],
  test: (args) => [
    [
      node("--test", ...testFlags(args), ...testFiles(args.filter((arg) => !arg.startsWith("--")))),
      {},
    ],
  ],
  "test-faults": (args) => [
    [
      node(
        "--test",
        "--test-concurrency=1",
        ...(args.length > 0 ? args : filesUnder("test/faults", ".slow.ts")),
      ),
      {},
    ],
  ],
  check: () => [
    [bin("typescript", "bin/tsc"), {}],
    [bin("typescript", "bin/tsc", "-p", "portal"), {}],
    [bin("oxlint", "bin/oxlint", "--quiet"), {}],
    [bin("prettier", "bin/prettier.cjs", "--check", "--log-level=warn", "."), {}],
    [node("scripts/check-repository.ts"), {}],
    [node("scripts/docs.ts", "--check"), {}],
  ],
  format: () => [
    [bin("prettier", "bin/prettier.cjs", "--write", "--log-level=warn", "."), {}],
    [node("scripts/docs.ts"), {}],
  ],
  image: (args) => [[node("scripts/image.ts", ...args), {}]],
  bench: (args) => [[node(`bench/${args[0]}.ts`, ...args.slice(1)), {}]],
};

const node = (...args) =>
  args.map((arg, at) => {
    const isFile = at === 0 || args[at - 1] === youngGeneration;
    return isFile && arg.startsWith("src/") ? join(root, arg) : arg;
  });
const bin = (name, path, ...args) => [join(root, "node_modules", name, path), ...args];
// Node's own choice leaves a core idle, which on two cores is half of them.
const testFlags = (args) => [
  `--test-concurrency=${availableParallelism()}`,
  ...args.filter((arg) => arg.startsWith("--")),
];

/** The files that were named, those of the folders that were named, else all. */
function testFiles(named) {
  if (named.length === 0)
    return ["src", "test", "scripts"].flatMap((folder) => filesUnder(folder, ".test.ts"));
  return named.flatMap((path) =>
    existsSync(join(root, path)) && statSync(join(root, path)).isDirectory()
      ? filesUnder(path, ".test.ts")
      : [path],
  );
}

function filesUnder(folder, ending) {
  const at = join(root, folder);
  if (!existsSync(at)) return [];
  return readdirSync(at, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

/** Runs one script of the table above; the process ends with its exit code. */
export async function launch([script, ...args]) {
  const commands = scripts[script];
  if (commands === undefined)
    fail(`No script is named '${script}'. There are: ${Object.keys(scripts).join(", ")}.`);
  installMissing();
  const nodePath = findNode();
  for (const [command, env] of commands(args)) {
    const code = await run(nodePath, command, {
      env,
      cwd: script === "cli" ? process.cwd() : root,
    });
    if (code !== 0) process.exit(code);
  }
}

function installMissing() {
  if (isInstalled()) return;
  process.stderr.write("Installing what the project needs (npm ci) …\n");
  const npm = process.env.npm_execpath;
  const command = npm === undefined ? ["npm", "ci"] : [process.execPath, npm, "ci"];
  const done = spawnSync(
    command[0],
    [...command.slice(1), "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: root,
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32" && npm === undefined,
    },
  );
  if (done.status !== 0)
    fail(
      "npm ci failed; its message is above. Run it by hand in the project's folder to see more.",
    );
}

/** Whether what lies in node_modules is what the lock file says; npm keeps a lock of its own there. */
function isInstalled() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const found = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" || found[path]?.version === version || (optional && found[path] === undefined),
  );
}

function findNode() {
  const name = process.platform === "win32" ? "node.exe" : "bin/node";
  const platform = process.platform === "win32" ? "win" : process.platform;
  const own = join(root, "node_modules", `node-${platform}-${process.arch}`, name);
  if (existsSync(own)) return own;
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) return process.execPath;
  return fail(
    `This is Node ${process.versions.node}; the project needs Node ${NODE_MAJOR_MIN} or newer, and no package of it is ` +
      `installed for ${process.platform}-${process.arch}. Install Node ${NODE_MAJOR_MIN} and run this again.`,
  );
}

/** Node keeps what it made of the sources for the next time; `exec` takes this from the programs that it runs. */
function compileCache() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return {};
  const folder = join(root, "node_modules", ".cache", "linkscope");
  return { NODE_COMPILE_CACHE: folder, LINKSCOPE_COMPILE_CACHE: folder };
}

const passedSignals = ["SIGINT", "SIGTERM", "SIGHUP"];

function run(nodePath, command, { env, cwd }) {
  return new Promise((done) => {
    const child = spawn(nodePath, command, {
      stdio: "inherit",
      cwd,
      env: { ...process.env, ...compileCache(), ...env },
    });
    // A terminal sends Ctrl-C to the child as well, and a second one would end it at once; this process then only waits.
    const pass = (signal) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of passedSignals) process.on(signal, pass);
    child.on("close", (code, signal) => {
      for (const passed of passedSignals) process.off(passed, pass);
      done(code ?? 128 + (constants.signals[signal] ?? 1));
    });
  });
}

function fail(message) {
  process.stderr.write(`linkscope: ${message}\n`);
  return process.exit(1);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await launch(process.argv.slice(2));
}
