/** Bundles the portal's page into portal/dist: one script and one style, nothing from elsewhere. Run by the portal itself when need be. */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const folder = import.meta.dirname;
const out = join(folder, "dist");
const fresh = join(out, `.new-${process.pid}`);

await mkdir(fresh, { recursive: true });
await build({
  entryPoints: [
    { in: join(folder, "src/main.tsx"), out: "app" },
    { in: join(folder, "src/style.css"), out: "app" },
  ],
  outdir: fresh,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "error",
});
// Two platforms may build at once: each file is put in place whole.
for (const file of ["app.css", "app.js"]) await rename(join(fresh, file), join(out, file));
await rm(fresh, { recursive: true });
