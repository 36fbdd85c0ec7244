/** Rendering a Prometheus configuration for where it is to run: the proxy, and a secret that has no file of its own. Pure. */
import { isMap, isSeq, parseDocument } from "yaml";
import type { Document, YAMLMap } from "yaml";
import { cloud } from "../azure/index.ts";
import { CodedError, limits } from "../core/index.ts";
import { secretPlaceholder } from "./prometheus-configuration.ts";

export interface Rendering {
  /** The value for proxy_url; undefined where no proxy is needed, and then none stays. It may carry a secret. */
  readonly proxyUrl: string | undefined;
  /** For `azuread.oauth.client_secret`, where the placeholder stands there. */
  readonly clientSecret?: string | undefined;
}

/**
 * Sets `proxy_url` in each remote_write block that writes to Azure Monitor, and in its `oauth2`; the rest stays as it is,
 * comments among it. The text that it answers may hold secrets: it is for a 0600 file.
 *
 * @throws CodedError PrometheusFileInvalid with the place and what is wrong.
 */
export function renderPrometheus(text: string, rendering: Rendering): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.prometheusFileBytesMax) {
    throw invalid(`It has ${bytes} bytes; the limit is ${limits.prometheusFileBytesMax}.`);
  }
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw invalid(problem.message.split("\n")[0] ?? problem.message);
  const blocks = monitorBlocks(document);
  if (blocks.length === 0) {
    throw invalid(`It has no remote_write block whose url is of ${cloud.monitorSuffix}.`);
  }
  for (const block of blocks) renderBlock(block, rendering);
  return document.toString({ lineWidth: 0 });
}

function monitorBlocks(document: Document): readonly YAMLMap[] {
  const writes = document.get("remote_write");
  if (!isSeq(writes)) return [];
  return writes.items.filter((item): item is YAMLMap => {
    if (!isMap(item)) return false;
    const url = item.get("url");
    if (typeof url !== "string" || !URL.canParse(url)) return false;
    return new URL(url).hostname.endsWith(`.${cloud.monitorSuffix}`);
  });
}

function renderBlock(block: YAMLMap, { proxyUrl, clientSecret }: Rendering): void {
  const proxied = [block, block.get("oauth2")].filter((one) => isMap(one));
  for (const map of proxied) {
    if (proxyUrl === undefined) map.delete("proxy_url");
    else map.set("proxy_url", proxyUrl);
  }
  if (block.getIn(["azuread", "oauth", "client_secret"]) !== secretPlaceholder) return;
  if (clientSecret === undefined) {
    throw invalid(
      `${secretPlaceholder} stands in azuread.oauth: name the secret's file with --client-secret-file.`,
    );
  }
  block.setIn(["azuread", "oauth", "client_secret"], clientSecret);
}

const invalid = (says: string): CodedError => new CodedError("PrometheusFileInvalid", says);
