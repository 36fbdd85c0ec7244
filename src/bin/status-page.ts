/** The status page: what runs and where, in plain HTML. It names no resource, for anyone on this machine may open it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GraphSource } from "../arm/index.ts";
import type { Clock } from "../core/index.ts";

/** Answers `/` with the page and everything else with 404. */
export function statusPage(
  source: GraphSource,
  { armPort, clock }: { readonly armPort: number; readonly clock: Clock },
): (request: IncomingMessage, response: ServerResponse) => void {
  const startedMs = clock.nowMs();
  return (request, response) => {
    if (request.url !== "/") return void response.writeHead(404).end();
    const page = pageOf(source, { armPort, upMs: clock.nowMs() - startedMs });
    response
      .writeHead(200, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      })
      .end(page);
  };
}

function pageOf(source: GraphSource, { armPort, upMs }: { armPort: number; upMs: number }): string {
  const { graph } = source.current();
  const counts = new Map<string, number>();
  for (const { type } of graph.all()) counts.set(type, (counts.get(type) ?? 0) + 1);
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, count]) => `<tr><td>${escapeHtml(type)}</td><td>${count}</td></tr>`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Linkscope</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:46rem;padding:0 1rem}td{padding:.1rem 2rem .1rem 0}
@media (prefers-color-scheme:dark){body{background:#111;color:#ddd}}</style>
<h1>Linkscope</h1>
<p>The platform has been up for ${Math.floor(upMs / 1000)} s. Azure Resource Manager: <code>https://localhost:${armPort}</code></p>
<h2>Resources, version ${graph.version}</h2>
<table>${rows.join("")}</table>
</html>
`;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => escapes[char] ?? "");
