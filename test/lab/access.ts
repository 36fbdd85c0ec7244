/** Who asks (bearer tokens) and what they may do (the RBAC objects of the store). */
import type { Random } from "../../src/core/index.ts";
import { fieldsAt, listAt, textAt } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import { knownType } from "./resource-types.ts";
import { StatusError } from "./status.ts";

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Access {
  /** @throws StatusError 401 without a token, or with one that is unknown or revoked. */
  readonly authenticate: (authorization: string | undefined) => User;
  /** Whether RBAC allows it; `attributes` is a path for a request that is of no resource. */
  readonly allows: (user: User, attributes: Attributes | string, verb?: string) => boolean;
  /** A token of a user that the caller names. */
  readonly issue: (user: User) => string;
  readonly issueForServiceAccount: (namespace: string, name: string) => string;
  readonly revoke: (token: string) => void;
}

export function createAccess({
  store,
  random,
}: {
  readonly store: ObjectStore;
  readonly random: Random;
}): Access {
  const users = new Map<string, User>();
  const issue = (user: User): string => {
    const token = random.bytes(32).toString("hex");
    users.set(token, user);
    return token;
  };
  return {
    issue,
    issueForServiceAccount: (namespace, name) =>
      issue({
        name: `system:serviceaccount:${namespace}:${name}`,
        groups: [
          "system:serviceaccounts",
          `system:serviceaccounts:${namespace}`,
          "system:authenticated",
        ],
      }),
    revoke: (token) => void users.delete(token),
    authenticate(authorization) {
      const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
      const user = token === undefined ? undefined : users.get(token);
      if (user === undefined) throw new StatusError(401, "Unauthorized", "Unauthorized");
      return user;
    },
    allows: (user, attributes, verb = "get") =>
      user.groups.includes("system:masters") ||
      rulesFor(store, user, typeof attributes === "string" ? "" : attributes.namespace).some(
        (rule) =>
          typeof attributes === "string"
            ? pathRuleAllows(rule, attributes, verb)
            : ruleAllows(rule, attributes),
      ),
  };
}

/** The rules of every role bound to the user, cluster-wide and in one namespace. */
function rulesFor(store: ObjectStore, user: User, namespace: string): readonly unknown[] {
  const roleOf = (binding: KubeObject): readonly unknown[] => {
    const name = textAt(binding, "roleRef", "name");
    const role =
      textAt(binding, "roleRef", "kind") === "Role"
        ? store.get(knownType("roles"), { namespace: binding.metadata.namespace, name })
        : store.get(knownType("clusterroles"), { name });
    return listAt(role, "rules");
  };
  const bindings = [
    ...store.list(knownType("clusterrolebindings")),
    ...store
      .list(knownType("rolebindings"))
      .filter((binding) => namespace !== "" && binding.metadata.namespace === namespace),
  ];
  return bindings.filter((binding) => binds(binding, user)).flatMap(roleOf);
}

const binds = (binding: KubeObject, user: User): boolean =>
  listAt(binding, "subjects").some((subject) => {
    const { kind, name, namespace } = fieldsAt(subject);
    if (kind === "User") return name === user.name;
    if (kind === "Group") return user.groups.includes(String(name));
    return (
      kind === "ServiceAccount" &&
      user.name ===
        `system:serviceaccount:${String(namespace ?? binding.metadata.namespace ?? "")}:${String(name)}`
    );
  });

const has = (list: readonly unknown[], value: string): boolean =>
  list.includes("*") || list.includes(value);

function ruleAllows(rule: unknown, asked: Attributes): boolean {
  const resource =
    asked.subresource === "" ? asked.resource : `${asked.resource}/${asked.subresource}`;
  const resources = listAt(rule, "resources");
  const names = listAt(rule, "resourceNames");
  return (
    has(listAt(rule, "verbs"), asked.verb) &&
    has(listAt(rule, "apiGroups"), asked.group) &&
    (has(resources, resource) || resources.includes(`*/${asked.subresource}`)) &&
    (names.length === 0 || names.includes(asked.name))
  );
}

const pathRuleAllows = (rule: unknown, path: string, verb: string): boolean =>
  has(listAt(rule, "verbs"), verb) &&
  listAt(rule, "nonResourceURLs").some(
    (pattern) =>
      pattern === path ||
      (typeof pattern === "string" &&
        pattern.endsWith("*") &&
        path.startsWith(pattern.slice(0, -1))),
  );

/** The 403 in the real server's words. */
export function forbidden(user: User, asked: Attributes | string, verb = "get"): StatusError {
  if (typeof asked === "string") {
    return new StatusError(
      403,
      "Forbidden",
      `forbidden: User "${user.name}" cannot ${verb} path "${asked}"`,
      {},
    );
  }
  const { group, resource, subresource, namespace, name } = asked;
  const named = group === "" ? resource : `${resource}.${group}`;
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return new StatusError(
    403,
    "Forbidden",
    `${named}${name === "" ? "" : ` "${name}"`} is forbidden: User "${user.name}" cannot ${asked.verb} ` +
      `resource "${whole}" in API group "${group}" ${where}`,
    { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource },
  );
}
