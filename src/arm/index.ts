/** ARM's grammar: resource ids, type declarations, schemas, and the resource graph. */
export { canonicalId } from "./canonical-id.ts";
export { cloudError, problemsError, schemaProblems } from "./cloud-error.ts";
export type { CloudErrorDetail } from "./cloud-error.ts";
export {
  descendantsOf,
  emptyGraph,
  graphChanges,
  graphFrom,
  graphSource,
  withChanges,
} from "./graph.ts";
export type { ArmResource, Change, Graph, GraphSource, Publication } from "./graph.ts";
export { at, isObject, listAt, stringAt } from "./json.ts";
export type { Json, JsonObject } from "./json.ts";
export { etagMatches, newEtag, systemDataOf } from "./kept-fields.ts";
export { parseBody } from "./parse-body.ts";
export type { ParsedBody, ParseOptions } from "./parse-body.ts";
export { readJson } from "./read-json.ts";
export type { ReadJson } from "./read-json.ts";
export { idKey, idProblem, parseId, regionKey, sameId, typeKey } from "./resource-id.ts";
export type { ParsedId, ResourceId } from "./resource-id.ts";
export type {
  ActionAnswer,
  Derived,
  ListContext,
  ListFilter,
  OperationPattern,
  Problem,
  QueryAsked,
  QueryChecked,
  RequestBody,
  ResourceType,
  SharedKeys,
  SharedKeySource,
  TypeAction,
  TypeContext,
} from "./resource-type.ts";
export {
  boolean,
  id,
  integer,
  list,
  map,
  number,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  stored,
  string,
} from "./schema.ts";
export type { ObjectSchema, Schema, SchemaProblem } from "./schema.ts";
