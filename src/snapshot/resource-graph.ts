/** Azure Resource Graph: the inventory of all subscriptions that may be read, in a few queries. What it finds is kept; what it lacks proves nothing. */
import { isObject, listAt, stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { networkTypes, types } from "../rules/index.ts";
import type { Gathering } from "./gathering.ts";
import { inventoryTypes } from "./inventory-types.ts";
import type { Reads } from "./reads.ts";

/** @see learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources */
export const resourceGraphPath = "/providers/Microsoft.ResourceGraph/resources";
export const resourceGraphVersion = "2022-10-01";

const rowsPerPage = 1_000;

/** The two queries: tables of Resource Graph differ by provider. @see learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources */
export const resourceGraphQueries: readonly string[] = [
  queryOf("resources", [...inventoryTypes, networkTypes.zoneLink]),
  queryOf("insightsresources", [types.association]),
];

/** Types only, which are constants: nothing from outside enters a query. */
function queryOf(table: string, wanted: readonly string[]): string {
  const list = wanted.map((type) => `'${type.toLowerCase()}'`).join(", ");
  return `${table} | where type in~ (${list}) | project id, name, type, kind, location, identity, properties | order by id asc`;
}

/** Asks for the inventory. Where Resource Graph refuses, that is noted, and the lists by subscription stand alone. */
export async function readInventory(reads: Reads, gathering: Gathering): Promise<void> {
  for (const query of resourceGraphQueries) {
    let token: string | undefined;
    for (let page = 0; page < limits.listPagesMax; page += 1) {
      const options = {
        resultFormat: "objectArray",
        $top: rowsPerPage,
        ...(token === undefined ? {} : { $skipToken: token }),
      };
      const outcome = await reads.query(resourceGraphPath, resourceGraphVersion, {
        query,
        options,
      });
      if (outcome.kind === "unread") gathering.note(outcome.unread);
      if (outcome.kind !== "read") return;
      for (const row of rowsOf(outcome.value)) gathering.add(row);
      token = stringAt(outcome.value, "$skipToken");
      if (token === undefined) break;
    }
  }
}

const rowsOf = (body: JsonObject): readonly JsonObject[] => listAt(body, "data").filter(isObject);
