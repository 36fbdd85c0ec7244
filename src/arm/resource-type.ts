/** What a resource type is: one declaration that routing, validation, defaults, etags, operations and docs all read. */
import type { LogColumn, LogTable, Random, Verdict } from "../core/index.ts";
import type { ArmResource, Change, Graph } from "./graph.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ParsedId, ResourceId } from "./resource-id.ts";
import type { ObjectSchema } from "./schema.ts";

/** One thing that is wrong with a request; all are reported, not only the first. */
export interface Problem {
  /** ARM's error code: `InvalidRequestContent`, `LocationNotAvailableForResourceType` … */
  readonly code: string;
  readonly message: string;
  /** Where: `properties.accessModeSettings.queryAccessMode`. */
  readonly target?: string;
  /** HTTP status; 400 where absent. */
  readonly status?: number;
  /** Why, where a rule decided. */
  readonly verdict?: Verdict;
}

/** What a declaration's functions may see. All of them are pure: the same context, the same answer. */
export interface TypeContext {
  readonly graph: Graph;
  readonly id: ResourceId;
  readonly parsed: ParsedId;
  readonly apiVersion: string;
  /** The resource as it is now; undefined when the request creates it. */
  readonly previous: ArmResource | undefined;
  readonly tenantId: string;
  /** The principal that asks; its object id. */
  readonly principalId: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly random: Random;
  /** Keys that actions hand out. They stand outside the graph, which holds what a GET shows. */
  readonly sharedKeys: SharedKeySource;
  /** Whether the principal may do `action` at `scope`: for linked access (private link, associations). */
  readonly may: (action: string, scope: ResourceId) => Verdict;
}

/** The two keys of a Log Analytics workspace, each of 64 bytes in base64. */
export interface SharedKeys {
  readonly primarySharedKey: string;
  readonly secondarySharedKey: string;
}

/** Gives out the keys of workspaces by their `customerId`. */
export interface SharedKeySource {
  readonly of: (customerId: string) => Promise<SharedKeys>;
  /** Makes new keys; the old ones are worth nothing from then on. */
  readonly renew: (customerId: string) => Promise<SharedKeys>;
}

/** What an action answers. */
export interface ActionAnswer {
  readonly status: number;
  readonly body: Json;
}

/** A query within a body. */
export interface QueryAsked {
  readonly text: string;
  /** The one table that it may name. */
  readonly source: LogTable;
  /** What is wrong with it, or with the columns that it gives. */
  readonly judge: (checked: QueryChecked) => readonly Problem[];
}

/** What a query's parser says. */
export type QueryChecked =
  | { readonly ok: true; readonly columns: readonly LogColumn[] }
  | {
      readonly ok: false;
      readonly problems: readonly {
        /** `unsupported`: right, and not emulated. */
        readonly kind: "syntax" | "semantic" | "unsupported";
        readonly code: string;
        readonly says: string;
      }[];
    };

/** How a type's writes answer. `sync`: 200/201 and done. `async`: 201/202 with Azure-AsyncOperation, done a moment later. */
export type OperationPattern = "sync" | "async";

/** An operation beyond CRUD: `POST …/listClusterUserCredential`, `GET …/privateLinkResources`. */
export interface TypeAction {
  readonly method: "GET" | "POST";
  /** The last path segment(s) after the resource id, lower case: `privatelinkresources`, `privatelinkresources/azuremonitor`. */
  readonly path: string;
  /** RBAC action that it needs, relative to the type: `listClusterUserCredential/action`, `read`. */
  readonly action: string;
  readonly answer: (
    context: TypeContext & { readonly resource: ArmResource },
  ) => ActionAnswer | Promise<ActionAnswer>;
}

/** A list's `$filter`, read by the control plane: comparisons and calls joined with `and`; names in lower case. */
export interface ListFilter {
  /** `roleName eq 'Reader'` is `rolename` → `Reader`. */
  readonly equals: ReadonlyMap<string, string>;
  /** `atScope()` is `atscope` → "", `assignedTo('OID')` is `assignedto` → `OID`. */
  readonly calls: ReadonlyMap<string, string>;
}

/** What a type's own list sees. */
export interface ListContext {
  readonly graph: Graph;
  /** Where it is listed: a subscription, a resource group, a parent, or the resource that is extended. */
  readonly scopeId: ResourceId;
  readonly filter: ListFilter;
  readonly apiVersion: string;
  readonly principalId: string;
}

/** What a PUT stores besides its body: read-only properties, changes of other resources, top-level fields. */
export interface Derived {
  /** The whole `properties` to store: the request's, defaults filled in, read-only ones derived. */
  readonly properties: JsonObject;
  /** Top-level fields to set or replace: `identity`, `sku`, `kind` … */
  readonly top?: Partial<Omit<ArmResource, "id" | "name" | "type" | "properties">>;
  /** Changes of other resources in the same transaction. */
  readonly effects?: readonly Change[];
  /** Why an asynchronous write ends `Failed` although it was taken: what its operation then says. */
  readonly failure?: Problem;
}

export interface ResourceType {
  /** `Microsoft.Insights/privateLinkScopes/scopedResources`, in the provider's own spelling. */
  readonly type: string;
  readonly apiVersions: readonly string[];
  readonly scope: "subscription" | "resourceGroup" | "parent" | "extension";
  /** Where shape and behaviour are documented. */
  readonly source: string;
  /** `global`: location must be global. `regional`: a known region. `none`: a proxy resource without location. `any`: optional. */
  readonly location: "global" | "regional" | "none" | "any";
  /** What a name must match, with the sentence that says so. */
  readonly name?: { readonly pattern: RegExp; readonly says: string };
  /** Top-level fields beside location and tags that a PUT may carry. */
  readonly top?: ObjectSchema;
  readonly properties: ObjectSchema;
  /** `merge`: absent means unchanged (managed clusters). `replace`: absent means default. */
  readonly putIs: "replace" | "merge";
  readonly methods: readonly ("GET" | "PUT" | "PATCH" | "DELETE" | "LIST")[];
  readonly writes: OperationPattern;
  /** What PATCH may change: tags only, or the properties as well. */
  readonly patch?: "tags" | "properties";
  /** Serialises writes: two writes whose locks are equal at once, and the second gets 409 while the first is provisioning. */
  readonly lock?: (context: Pick<TypeContext, "id" | "parsed">) => ResourceId | undefined;
  /**
   * Only writes that are under way together meet the lock: one that comes after the other's answer finds that one done.
   * Without it the lock is held until the operation ends.
   */
  readonly lockEndsWithAnswer?: boolean;
  /** Says what is wrong with a PUT beyond its shape. `body` has passed the schema and has its defaults. */
  readonly validate?: (body: RequestBody, context: TypeContext) => readonly Problem[];
  /** Queries that a PUT's body carries. They are checked before the write, since their parser is slow; `body` has passed the schema. */
  readonly queries?: (body: RequestBody, graph: Graph) => readonly QueryAsked[];
  /** Completes a valid PUT. Without it the properties are stored as parsed, with `provisioningState: "Succeeded"`. */
  readonly derive?: (body: RequestBody, context: TypeContext) => Derived;
  /** Says why it cannot be deleted now. */
  readonly validateDelete?: (resource: ArmResource, context: TypeContext) => readonly Problem[];
  /** Changes of other resources when it is deleted. Children are deleted with their parent without being named. */
  readonly deleteEffects?: (resource: ArmResource, context: TypeContext) => readonly Change[];
  /** Views of a stored resource for one api-version, where versions differ. */
  readonly view?: (resource: ArmResource, apiVersion: string) => ArmResource;
  readonly actions?: readonly TypeAction[];
  /** Fields that the control plane keeps for this type: `etag` new with each write, `systemData` of who wrote it and when. */
  readonly keeps?: readonly ("etag" | "systemData")[];
  /** What its lists take in `$filter`, in lower case; all else is refused by name. */
  readonly filters?: {
    readonly equals?: readonly string[];
    readonly calls?: readonly string[];
  };
  /** Lists in its own way (role definitions also show what higher scopes have). Without it: what stands directly under the scope, filtered by nothing. */
  readonly list?: (context: ListContext) => readonly ArmResource[];
}

/** A PUT's body after the schema. */
export interface RequestBody {
  readonly location: string | undefined;
  readonly tags: JsonObject | undefined;
  readonly properties: JsonObject;
  /** The other top-level fields that the type takes: kind, identity, sku. */
  readonly top: JsonObject;
}
