/** Azure's ConfigMaps of a cluster's agents, read as their files would be. */
import { stringify } from "yaml";
import type { KubernetesClient } from "../client/index.ts";

/** Where Azure has its ConfigMaps. */
export const NAMESPACE = "kube-system";

/** The object as a file of it would be, so that problems have their lines; undefined where there is none. */
export async function configMapText(
  kubernetes: KubernetesClient,
  name: string,
): Promise<string | undefined> {
  const query = {
    path: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
    fieldSelector: `metadata.name=${name}`,
  };
  const { items } = await kubernetes.list(query, { signal: new AbortController().signal });
  // Items of a list do not say their kind.
  return items[0] === undefined
    ? undefined
    : stringify({ apiVersion: "v1", kind: "ConfigMap", ...items[0] });
}
