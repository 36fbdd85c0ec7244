/** Queries within a body (a rule's transformations), checked before the body is written. */
import type { Json, Problem, ResourceType } from "../arm/index.ts";
import type { Platform } from "./platform.ts";
import { readResourceBody } from "./request-body.ts";

/**
 * What is wrong with the queries of a PUT. A body whose shape is wrong has none: its write says so.
 *
 * @throws CodedError when the parser is slow or gone.
 */
export async function queryProblems(
  platform: Platform,
  type: ResourceType,
  sent: Json,
): Promise<readonly Problem[]> {
  if (type.queries === undefined) return [];
  const { body, problems } = readResourceBody(type, sent, undefined);
  if (problems.length > 0) return [];
  const found: Problem[] = [];
  for (const { text, source, judge } of type.queries(body, platform.state.graph())) {
    if (platform.checkQuery === undefined) return [unchecked];
    found.push(...judge(await platform.checkQuery({ text, source })));
  }
  // Each query says that the body is invalid; it is said once.
  return found.filter(
    ({ code, message }, index) =>
      found.findIndex((other) => other.code === code && other.message === message) === index,
  );
}

const unchecked: Problem = {
  code: "FeatureNotEmulated",
  message: "This control plane was started without a parser of queries. Leave transformations out.",
};
