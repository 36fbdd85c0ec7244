/** What a change of networks must not make: routes and DNS forwarding that come back to where they were. */
import { withChanges } from "../../arm/index.ts";
import type { Derived, Graph, Problem, RequestBody, TypeContext } from "../../arm/index.ts";
import { forwardingLoops, routeLoops } from "../../rules/index.ts";
import { resourceOf } from "../declared.ts";
import { problem } from "../problems.ts";

/**
 * The loops that a PUT would make and that are not there already. Azure takes such a change and drops the packets;
 * that it is refused here is inferred to be what whoever asks wants to know.
 *
 * @param derive what the PUT would store.
 */
export function loopProblems(
  type: string,
  request: { readonly body: RequestBody; readonly context: TypeContext },
  derive: (body: RequestBody, context: TypeContext) => Derived,
): readonly Problem[] {
  const { body, context } = request;
  const { properties, effects } = derive(body, context);
  const resource = resourceOf(type, request, properties);
  const after = withChanges(context.graph, [{ kind: "put", resource }, ...(effects ?? [])]);
  return [
    ...newSentences(context.graph, after, (graph) => routeLoops(graph).map(({ says }) => says)).map(
      (says) => problem("RouteLoop", `${says} Send it to the Internet or to None there.`),
    ),
    ...newSentences(context.graph, after, (graph) =>
      forwardingLoops(graph).map(({ says }) => says),
    ).map((says) => problem("DnsForwardingLoop", `${says} Forward to another server.`)),
  ];
}

function newSentences(
  before: Graph,
  after: Graph,
  sentences: (graph: Graph) => readonly string[],
): readonly string[] {
  const found = sentences(after);
  if (found.length === 0) return [];
  const known = new Set(sentences(before));
  return [...new Set(found)].filter((says) => !known.has(says));
}
