/** Targets of the agents' bench, as a process of their own: every path answers with as many series as it names. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const SERIES = Number(process.argv[2] ?? 1000);
let served = 0;
let round = 0;

const server = createServer((incoming, response) => {
  if (incoming.url === "/count") return void response.end(String(served));
  served += SERIES;
  round += 1;
  const lines = ["# TYPE bench_requests_total counter"];
  for (let series = 0; series < SERIES; series++) {
    // About a third of the values change from scrape to scrape.
    const value = series % 3 === 0 ? round + series : series;
    lines.push(
      `bench_requests_total{path="/api/v1/items/${series}",method="GET",code="200",pod="shop-${series % 50}"} ${value}`,
    );
  }
  return void response
    .writeHead(200, { "content-type": "text/plain; version=0.0.4" })
    .end(`${lines.join("\n")}\n`);
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
