/** Azure's documented faults in front of the in-process platform: throttling, refusals, failures, pages, lists that lag. */
import { isObject, listAt, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import type { ArmAnswer, ArmSend } from "../../src/snapshot/index.ts";

export interface Faults {
  /** Every n-th request is throttled with 429 and this Retry-After, in seconds; the same request is let through next time. */
  readonly throttle?: { readonly every: number; readonly retryAfter: string };
  /** Every n-th request fails once with this status. */
  readonly fail?: { readonly every: number; readonly status: number };
  /** Requests that are refused with 403. */
  readonly forbidden?: (path: string) => boolean;
  /** How many items a page of a list has. */
  readonly pageSize?: number;
  /** Items that lists do not show yet; a GET by id does. */
  readonly lagging?: (id: string) => boolean;
  /** Answers to Resource Graph; 403 where absent. */
  readonly resourceGraph?: (query: string) => readonly JsonObject[];
}

export interface FaultyAzure {
  readonly send: ArmSend;
  /** Method and target of every request. */
  readonly requests: readonly { readonly method: string; readonly target: string }[];
  /** Statuses that reached the client. */
  readonly statuses: readonly number[];
}

const answer = (
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): ArmAnswer => ({ status, headers, body: Buffer.from(JSON.stringify(body)) });

const refusal = (status: number, code: string, message: string, headers = {}): ArmAnswer =>
  answer(status, { error: { code, message } }, headers);

/** Puts faults in front of a way to ARM. */
export function faultyAzure(inner: ArmSend, faults: Faults = {}): FaultyAzure {
  const requests: { method: string; target: string }[] = [];
  const statuses: number[] = [];
  let count = 0;
  const tried = new Set<string>();
  /** Whether this is the n-th new request: a request that was held up once is let through. */
  const due = (kind: string, every: number | undefined, target: string): boolean => {
    if (every === undefined || count % every !== 0 || tried.has(`${kind} ${target}`)) return false;
    tried.add(`${kind} ${target}`);
    return true;
  };
  const answered = async (request: Parameters<ArmSend>[0]): Promise<ArmAnswer> => {
    const path = request.target.split("?")[0] ?? "";
    if (due("429", faults.throttle?.every, request.target)) {
      const headers = { "retry-after": faults.throttle?.retryAfter ?? "1" };
      return refusal(429, "TooManyRequests", "The request is being throttled.", headers);
    }
    if (due("5xx", faults.fail?.every, request.target)) {
      return { status: faults.fail?.status ?? 500, headers: {}, body: Buffer.from("oops") };
    }
    if (faults.forbidden?.(path) === true) {
      return refusal(403, "AuthorizationFailed", `No authorization over scope '${path}'.`);
    }
    if (path.endsWith("/Microsoft.ResourceGraph/resources")) return graphAnswer(request, faults);
    const url = new URL(request.target, "https://localhost:8443");
    // The pages are this transport's own: the platform would skip as well.
    url.searchParams.delete(skipParameter);
    const target = `${url.pathname}${url.search}`;
    return listed(await inner({ ...request, target }), request.target, faults);
  };
  return {
    requests,
    statuses,
    send: async (request) => {
      count += 1;
      requests.push({ method: request.method, target: request.target });
      const given = await answered(request);
      statuses.push(given.status);
      return given;
    },
  };
}

const skipParameter = "$pageskip";

function graphAnswer({ body }: Parameters<ArmSend>[0], { resourceGraph }: Faults): ArmAnswer {
  if (resourceGraph === undefined) {
    return refusal(403, "AuthorizationFailed", "No authorization over Resource Graph.");
  }
  const rows = resourceGraph(stringAt(body, "query") ?? "");
  const at = Number(stringAt(body, "options", "$skipToken") ?? "0");
  const next = at + 2 < rows.length ? { $skipToken: String(at + 2) } : {};
  return answer(200, { totalRecords: rows.length, data: rows.slice(at, at + 2), ...next });
}

/** A list without what lags, in pages. */
function listed(given: ArmAnswer, target: string, { pageSize, lagging }: Faults): ArmAnswer {
  if (given.status !== 200) return given;
  const body = JSON.parse(given.body.toString()) as Json;
  if (!isObject(body) || !Array.isArray(body["value"])) return given;
  const items = listAt(body, "value").filter(
    (item) => lagging?.(stringAt(item, "id") ?? "") !== true,
  );
  if (pageSize === undefined) return answer(200, { ...body, value: items });
  const url = new URL(target, "https://localhost:8443");
  const at = Number(url.searchParams.get(skipParameter) ?? "0");
  url.searchParams.set(skipParameter, String(at + pageSize));
  const more = at + pageSize < items.length ? { nextLink: url.href } : {};
  return answer(200, { value: items.slice(at, at + pageSize), ...more });
}
