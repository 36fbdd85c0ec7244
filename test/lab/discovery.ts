/** Discovery: which groups, versions and resource types there are, the server's version, and a bare OpenAPI document. */
import { apiVersionOf, resourceTypes } from "./resource-types.ts";
import type { ResourceTypeRow } from "./resource-types.ts";

const READ_WRITE = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

const groupVersions = [
  ...new Set(resourceTypes.filter(({ group }) => group !== "").map(apiVersionOf)),
];
/** Answered by code, not kept as objects. */
const reviews: Readonly<Record<string, readonly object[]>> = {
  "authorization.k8s.io/v1": [
    {
      name: "selfsubjectaccessreviews",
      singularName: "",
      namespaced: false,
      kind: "SelfSubjectAccessReview",
      verbs: ["create"],
    },
  ],
};

/** The document of a discovery path; undefined when it is none. */
export function discoveryOf(path: string): unknown {
  const clean = path.replace(/\/+$/, "");
  if (clean === "/api") {
    return {
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1" }],
    };
  }
  if (clean === "/apis") {
    const groups = [...groupVersions, ...Object.keys(reviews)].map(groupOf);
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  if (clean === "/version") return version;
  const inGroup = /^\/apis\/([^/]+)$/.exec(clean)?.[1];
  const groupVersion = groupVersions.find((entry) => entry.split("/")[0] === inGroup);
  if (groupVersion !== undefined)
    return { kind: "APIGroup", apiVersion: "v1", ...groupOf(groupVersion) };
  const listed = clean === "/api/v1" ? "v1" : /^\/apis\/([^/]+\/[^/]+)$/.exec(clean)?.[1];
  return listed === undefined ? undefined : resourceList(listed);
}

function groupOf(groupVersion: string): object {
  const [name = "", version = ""] = groupVersion.split("/");
  const entry = { groupVersion, version };
  return { name, versions: [entry], preferredVersion: entry };
}

function resourceList(groupVersion: string): unknown {
  const types = resourceTypes.filter((type) => apiVersionOf(type) === groupVersion);
  const resources = [...types.flatMap(rowsOf), ...(reviews[groupVersion] ?? [])];
  if (resources.length === 0) return undefined;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

function rowsOf(type: ResourceTypeRow): readonly object[] {
  const { plural, singular, namespaced, kind } = type;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: READ_WRITE,
      ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
      ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    },
    ...type.subresources.map((subresource) => subresourceRow(type, subresource)),
  ];
}

function subresourceRow(
  { plural, namespaced, kind }: ResourceTypeRow,
  subresource: string,
): object {
  const row = { name: `${plural}/${subresource}`, singularName: "", namespaced };
  switch (subresource) {
    case "scale":
      return {
        ...row,
        group: "autoscaling",
        version: "v1",
        kind: "Scale",
        verbs: ["get", "patch", "update"],
      };
    case "token":
      return {
        ...row,
        group: "authentication.k8s.io",
        version: "v1",
        kind: "TokenRequest",
        verbs: ["create"],
      };
    case "log":
      return { ...row, kind, verbs: ["get"] };
    case "proxy":
      return { ...row, kind: "NodeProxyOptions", verbs: ["get"] };
    default:
      return { ...row, kind, verbs: ["get", "patch", "update"] };
  }
}

const version = {
  major: "1",
  minor: "34",
  gitVersion: "v1.34.0-lab",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "synthetic",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "lab/synthetic",
};

/**
 * An OpenAPI 2 document without definitions, as the protobuf message that kubectl asks for: it then validates
 * no fields, and takes patches' merge keys from its own built-in types.
 * Fields: swagger (1) "2.0"; info (2) of title (1) and version (2).
 */
export const openApiDocument: Uint8Array = Buffer.concat([
  protoText(1, "2.0"),
  protoBytes(2, Buffer.concat([protoText(1, "Kubernetes"), protoText(2, "v1.34.0-lab")])),
]);

function protoText(field: number, text: string): Buffer {
  return protoBytes(field, Buffer.from(text));
}

/** Length-delimited; every length here is below 128, one byte. */
function protoBytes(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}
