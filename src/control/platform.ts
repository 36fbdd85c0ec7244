/** What every part of the control plane works with: its state, its types, time, chance, and who may do what. */
import type {
  ArmResource,
  Graph,
  Problem,
  QueryChecked,
  ResourceId,
  ResourceType,
  SharedKeySource,
} from "../arm/index.ts";
import { cloudError, problemsError } from "../arm/index.ts";
import type { Clock, LogTable, Random, Verdict } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import type { TypeTable } from "./route.ts";
import type { State } from "./state.ts";
import type { ResourceProvider } from "../providers/index.ts";

/** Who asks: what the token service's `verifyToken` answers for a valid token. */
export interface Principal {
  readonly objectId: string;
  readonly appId?: string | undefined;
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly code: string; readonly says: string };

/** Whether a principal may do an action at a scope, by the role assignments of a graph. */
export type May = (
  principal: Principal,
  action: string,
  scope: ResourceId,
  graph: Graph,
) => Verdict;

/** Reads a query over one table. @throws CodedError when its parser is slow or gone. */
export type CheckQuery = (asked: {
  readonly text: string;
  readonly source: LogTable;
}) => Promise<QueryChecked>;

export interface Platform {
  readonly state: State;
  readonly types: TypeTable;
  readonly providers: readonly ResourceProvider[];
  readonly clock: Clock;
  readonly random: Random;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly may: May;
  readonly sharedKeys: SharedKeySource;
  readonly checkQuery: CheckQuery | undefined;
  /** How long an asynchronous write is `Provisioning`. */
  readonly operationMs: number;
  /** Called after each commit of resources that no request waits for. */
  readonly changed: () => void;
}

/** One request after authentication. */
export interface Call {
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly principal: Principal;
  readonly apiVersion: string;
}

/** What was said with a refusal, for the access log: an answer's body has no reasons in it. */
const said = new WeakMap<HttpResponse, readonly Problem[]>();

/** The answer to a request that is refused. */
export function refuse(...problems: readonly Problem[]): HttpResponse {
  const { status, body } = problemsError(problems);
  const answer = json(status, body);
  said.set(answer, problems);
  return answer;
}

/** The problems of an answer that `refuse` made; empty for any other. */
export const problemsOf = (answer: HttpResponse): readonly Problem[] => said.get(answer) ?? [];

/** A coded error as ARM's envelope. */
export const errorAnswer = (error: {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}): HttpResponse => json(error.status, cloudError(error.code, error.message));

/** A resource as one api-version shows it. */
export const viewOf = (
  type: ResourceType,
  resource: ArmResource,
  apiVersion: string,
): ArmResource => type.view?.(resource, apiVersion) ?? resource;

/** The clock's time in ISO 8601, UTC. */
export const timestamp = (clock: Clock): string => new Date(clock.nowMs()).toISOString();
