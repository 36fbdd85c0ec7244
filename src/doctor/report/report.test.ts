/** Reports of proofs: what an auditor keeps. */
import assert from "node:assert/strict";
import { generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";
import { graphFrom, listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import type { Proof } from "../../onboard/index.ts";
import type { ProbeFragment } from "../../snapshot/index.ts";
import { completeFacts } from "../facts.ts";
import { proofReport } from "./proof-report.ts";
import { reportFile } from "./reporting.ts";
import { digestOf, signerOf, verification } from "./sign.ts";

const clusterId =
  "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const nowMs = Date.UTC(2026, 5, 1);
const hostile = `<script>alert(1)</script>"'&`;

const probe = (ageMs: number): ProbeFragment => ({
  place: "inside",
  clusterId,
  vnetId: undefined,
  takenAtMs: nowMs - ageMs,
  proxy: { used: false, exempt: [] },
  names: [],
  connections: [],
  requests: [],
  files: [],
  samples: [],
});

const untried = { kind: "untried", says: "no fragment has it" } as const;
const proof: Proof = {
  cluster: hostile,
  exit: 2,
  paths: [
    {
      id: "configuration",
      verdict: "unknown",
      expected: "private",
      holds: false,
      reasons: [hostile],
      evidence: {
        id: "configuration",
        host: "x.monitor.azure.com",
        insideName: undefined,
        inside: {
          kind: "answered",
          address: "10.0.0.1",
          certificate: undefined,
          status: 200,
          bodyExcerpt: "",
        },
        publicName: undefined,
        public: untried,
        alsoInside: [],
        missing: [],
      },
    },
  ],
};
const graph = graphFrom([
  {
    id: clusterId,
    name: "aks",
    type: "Microsoft.ContainerService/managedClusters",
    location: "westeurope",
    properties: {},
  },
]);
const facts = completeFacts(graph, {
  nowMs,
  takenAtMs: nowMs - 1_000,
  probes: [probe(limits.evidenceFreshMs), probe(limits.evidenceFreshMs + 1)],
  cloud: "AzureUSGovernment",
});
const subject = {
  facts,
  proofs: [{ clusterId, proof }],
  exit: 2,
  source: "the snapshot x.json",
  version: "1.0.0",
} as const;

test("evidence has its time and age, and is stale one millisecond past its limit", () => {
  const { evidence } = proofReport(subject);
  assert.deepEqual(
    evidence.map(({ stale }) => stale),
    [false, false, true],
  );
  assert.match(evidence[0]?.what ?? "", /resources, read from the snapshot x\.json/);
});

test("every path is there with its verdict; Grafana's by configuration only, and none where there is none", () => {
  const pathsOf = (resources: Parameters<typeof graphFrom>[0]) =>
    proofReport({ ...subject, facts: { ...facts, graph: graphFrom(resources) } }).clusters[0]
      ?.paths;
  const paths = pathsOf(graph.all());
  assert.deepEqual(
    paths?.map(({ id, verdict }) => `${id} ${verdict}`),
    ["configuration unknown", "grafana none"],
  );
  const type = "Microsoft.Dashboard/grafana";
  const id = clusterId.replace("Microsoft.ContainerService/managedClusters", type);
  const grafana = { id, name: "aks", type, properties: {} };
  const withOne = pathsOf([...graph.all(), grafana])?.[1];
  assert.deepEqual([withOne?.verdict, withOne?.holds], ["unknown", false]);
  assert.match(withOne?.reasons[0] ?? "", /By configuration only/);
});

test("the page is one file without scripts and without anything from elsewhere, and names are text in it", () => {
  const html = reportFile(subject, "html", { verification: "openssl <x>" });
  assert.match(
    html,
    /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'/,
  );
  assert.ok(!/<script/i.test(html));
  assert.ok(!/\b(?:src|href)\s*=/i.test(html), "nothing is loaded");
  assert.ok(!/url\((?!#)/i.test(html.replace(/content="[^"]*"/, "")));
  assert.ok(!/\son[a-z]+\s*=/i.test(html.replace(/xmlns="[^"]*"/g, "")));
  assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  assert.match(html, /openssl &lt;x&gt;/);
  assert.match(html, /x\.monitor\.azure\.us/);
  assert.match(html, /<svg /);
  assert.match(html, /It could not be told of every path/);
});

test("the JSON has the same, with the topology as data", () => {
  const body = JSON.parse(reportFile(subject, "json", { verification: "" })) as JsonObject;
  assert.equal(stringAt(body, "format"), "linkscope/proof-report");
  assert.equal(stringAt(body, "clusters", 0, "paths", 0, "host"), "x.monitor.azure.us");
  assert.ok(listAt(body, "topology", "nodes").length > 0);
  assert.equal("verification" in body, false);
});

test("a report is not written past its limit of bytes", () => {
  const long = { ...proof, cluster: "x".repeat(limits.reportBytesMax) };
  assert.throws(
    () =>
      reportFile({ ...subject, proofs: [{ clusterId, proof: long }] }, "json", {
        verification: "",
      }),
    { code: "ReportTooLarge" },
  );
});

test("a signature is Ed25519 over the file's bytes, and other keys are refused without being shown", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const signer = signerOf(pem, "key.pem");
  const signature = signer.sign("report");
  assert.ok(verify(null, Buffer.from("report"), publicKey, signature));
  assert.ok(!verify(null, Buffer.from("Report"), publicKey, signature));
  assert.equal(signer.publicKeyPem, publicKey.export({ type: "spki", format: "pem" }).toString());
  assert.throws(
    () => signerOf("SECRET", "key.pem"),
    (error: Error) => {
      assert.match(error.message, /^key\.pem is no private key in PEM/);
      return (
        !error.message.includes("SECRET") && "code" in error && error.code === "SignKeyInvalid"
      );
    },
  );
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  assert.throws(
    () => signerOf(other.export({ type: "pkcs8", format: "pem" }).toString(), "key.pem"),
    /key\.pem is a key of ec; reports are signed with Ed25519/,
  );
  assert.equal(digestOf("abc").slice(0, 8), "ba7816bf");
  assert.deepEqual(verification("a", "a.sig").slice(-4), ["-in", "a", "-sigfile", "a.sig"]);
});
