/** The environment of a command inside: certificates, proxies, and nothing that leads around them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayEnvironment, namespaceEnvironment, proxyIgnorers } from "./environment.ts";

const files = { bundle: "/t/bundle.pem", ca: "/t/ca.pem" };
const outer = {
  PATH: "/bin",
  GONE: undefined,
  https_proxy: "http://corporate:3128",
  NO_PROXY: "*",
  SSL_CERT_FILE: "/other.pem",
  NODE_USE_ENV_PROXY: "1",
};

test("inside a namespace there is no proxy, and the certificates are the platform's too", () => {
  const inner = namespaceEnvironment(outer, files);
  assert.equal(inner["PATH"], "/bin");
  assert.equal(inner["SSL_CERT_FILE"], files.bundle);
  assert.equal(inner["NODE_EXTRA_CA_CERTS"], files.ca);
  assert.deepEqual(
    Object.keys(inner).filter((name) => /proxy|gone/i.test(name)),
    [],
  );
});

test("by the gateway both spellings of every proxy variable are set, and no exception is left", () => {
  const url = "http://id:secret@127.0.0.1:1";
  const inner = gatewayEnvironment(outer, files, url);
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"]) {
    assert.deepEqual([inner[name], inner[name.toLowerCase()]], [url, url]);
  }
  assert.deepEqual([inner["NO_PROXY"], inner["no_proxy"]], ["", ""]);
  assert.equal(inner["NODE_USE_ENV_PROXY"], "1");
  for (const name of ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO"]) {
    assert.equal(inner[name], files.bundle);
  }
  assert.ok(proxyIgnorers.some((text) => text.startsWith("Prometheus")));
});

test("what the launcher sets for the platform's own processes does not reach a command; the user's own does", () => {
  const url = "http://id:secret@127.0.0.1:1";
  const launched = { NODE_COMPILE_CACHE: "/ours", LINKSCOPE_COMPILE_CACHE: "/ours" };
  for (const inner of [
    namespaceEnvironment(launched, files),
    gatewayEnvironment(launched, files, url),
  ]) {
    assert.equal(inner["NODE_COMPILE_CACHE"], undefined);
    assert.equal(inner["LINKSCOPE_COMPILE_CACHE"], undefined);
  }
  const own = namespaceEnvironment({ NODE_COMPILE_CACHE: "/mine" }, files);
  assert.equal(own["NODE_COMPILE_CACHE"], "/mine");
});
