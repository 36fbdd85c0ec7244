/** Service tags of network rules: which of the platform's public addresses each stands for. */
import { publicServiceOf } from "./public-addresses.ts";
import type { PublicService } from "./public-addresses.ts";

/**
 * The tags that network rules take, and the services behind each.
 * @see learn.microsoft.com/azure/virtual-network/service-tags-overview; that solution packs are storage and Automation's
 *   hosts are hybrid management is inferred from their host names
 */
const services: Readonly<Record<string, readonly PublicService[] | "all">> = {
  AzureMonitor: [
    "configuration-global",
    "logs-query",
    "application-insights",
    "log-analytics",
    "agent-management",
    "data-collection-endpoints",
    "workspace-query",
  ],
  AzureActiveDirectory: ["login"],
  AzureResourceManager: ["arm"],
  GuestAndHybridManagement: ["agent-service"],
  Storage: ["solution-packs"],
  AzureCloud: "all",
};

const tagsByKey = new Map(
  Object.entries(services).map(([tag, behind]) => [tag.toLowerCase(), behind]),
);

/** The tags that are known, in Azure's spelling. */
export const serviceTags: readonly string[] = Object.keys(services);

/** Whether a word is a known service tag, in any case. */
export const isServiceTag = (word: string): boolean => tagsByKey.has(word.toLowerCase());

/** Whether a tag covers a public address; a tag that is not known covers none. */
export function serviceTagCovers(tag: string, address: string): boolean {
  const behind = tagsByKey.get(tag.toLowerCase());
  const service = publicServiceOf(address)?.service;
  if (behind === undefined || service === undefined) return false;
  return behind === "all" || behind.includes(service);
}
