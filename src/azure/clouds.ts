/** The clouds that a snapshot is read from: where their Azure Resource Manager is, and how their names differ from the public cloud's. */
import { audiences, cloud } from "./cloud.ts";

/** The names that az has for the clouds. */
export const cloudNames = ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"] as const;
export type CloudName = (typeof cloudNames)[number];

export interface CloudEndpoints {
  readonly name: CloudName;
  readonly armHost: string;
  readonly loginHost: string;
  /** What tokens for ARM are for. */
  readonly armAudience: string;
  /** Pairs of suffixes: the public cloud's and this cloud's. */
  readonly suffixes: readonly (readonly [publicSuffix: string, own: string])[];
  readonly source: string;
}

const suffixesOf = (azure: string, automation: string, blob: string) =>
  [
    [cloud.monitorSuffix, `monitor.${azure}`],
    [cloud.odsSuffix, `ods.opinsights.${azure}`],
    [cloud.omsSuffix, `oms.opinsights.${azure}`],
    [cloud.agentServiceSuffix, `agentsvc.azure-automation.${automation}`],
    [cloud.blobSuffix, blob],
  ] as const;

/** @see azure-cli-core cloud.py; learn.microsoft.com/azure/private-link/private-endpoint-dns (Government, China) */
export const clouds: Readonly<Record<CloudName, CloudEndpoints>> = {
  AzureCloud: {
    name: "AzureCloud",
    armHost: cloud.armHost,
    loginHost: cloud.loginHost,
    armAudience: audiences.arm,
    suffixes: [],
    source: "Azure/azure-cli src/azure-cli-core/azure/cli/core/cloud.py",
  },
  AzureUSGovernment: {
    name: "AzureUSGovernment",
    armHost: "management.usgovcloudapi.net",
    loginHost: "login.microsoftonline.us",
    armAudience: "https://management.usgovcloudapi.net/",
    suffixes: suffixesOf("azure.us", "us", "blob.core.usgovcloudapi.net"),
    source: "learn.microsoft.com/azure/private-link/private-endpoint-dns (Government)",
  },
  AzureChinaCloud: {
    name: "AzureChinaCloud",
    armHost: "management.chinacloudapi.cn",
    loginHost: "login.chinacloudapi.cn",
    armAudience: "https://management.chinacloudapi.cn/",
    suffixes: suffixesOf("azure.cn", "cn", "blob.core.chinacloudapi.cn"),
    source:
      "inferred: the page of private zones has no row of Azure Monitor for China; suffixes as its other services have them",
  },
};

/**
 * A text with the names of a cloud spelled as the public cloud's, so that one set of rules reads both. Only whole
 * suffixes after a dot, or at the beginning, are replaced.
 */
export const toPublicNames = (name: CloudName, text: string): string =>
  replaced(text, clouds[name].suffixes);

/** The inverse: a text for people of a cloud, with its own names. */
export const toCloudNames = (name: CloudName, text: string): string =>
  replaced(
    text,
    clouds[name].suffixes.map(([publicSuffix, own]) => [own, publicSuffix] as const),
  );

function replaced(text: string, pairs: readonly (readonly [to: string, from: string])[]): string {
  let result = text;
  for (const [to, from] of pairs) {
    if (!result.toLowerCase().includes(from)) continue;
    result = withSuffix(result, from, to);
  }
  return result;
}

function withSuffix(text: string, from: string, to: string): string {
  const lower = text.toLowerCase();
  let result = "";
  let done = 0;
  for (let at = lower.indexOf(from); at >= 0; at = lower.indexOf(from, at + 1)) {
    if (isNamePart(lower[at - 1]) || isNamePart(lower[at + from.length])) continue;
    result += text.slice(done, at) + to;
    done = at + from.length;
  }
  return result + text.slice(done);
}

/** A letter, digit or hyphen: then the suffix is only part of a longer label. A dot before it is not. */
const isNamePart = (character: string | undefined): boolean =>
  character !== undefined && /[a-z0-9-]/.test(character);
