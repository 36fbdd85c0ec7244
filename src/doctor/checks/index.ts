/** Every check, in the order of their ids. */
import type { Check } from "../check.ts";
import { factsRead } from "./ls0101-facts-read.ts";
import { subnetRoom } from "./ls0102-subnet-room.ts";
import { scopeLimits } from "./ls0103-scope-limits.ts";
import { collectionRule } from "./ls0201-collection-rule.ts";
import { configurationAssociation } from "./ls0202-configuration-association.ts";
import { configurationRegion } from "./ls0203-configuration-region.ts";
import { ruleRegion } from "./ls0204-rule-region.ts";
import { endpointsInScope } from "./ls0205-endpoints-in-scope.ts";
import { workspaceInScope } from "./ls0206-workspace-in-scope.ts";
import { scopeEndpoint } from "./ls0207-scope-endpoint.ts";
import { connectionApproved } from "./ls0208-connection-approved.ts";
import { accessMode } from "./ls0209-access-mode.ts";
import { oneScope } from "./ls0210-one-scope.ts";
import { publicAccess } from "./ls0211-public-access.ts";
import { legacyAgents } from "./ls0212-legacy-agents.ts";
import { leftovers } from "./ls0213-leftovers.ts";
import { ruleEndpoint } from "./ls0214-rule-endpoint.ts";
import { resolver } from "./ls0301-resolver.ts";
import { zoneGroup } from "./ls0302-zone-group.ts";
import { zoneRecords } from "./ls0303-zone-records.ts";
import { staleRecords } from "./ls0304-stale-records.ts";
import { zonesLinked } from "./ls0305-zones-linked.ts";
import { emptyZone } from "./ls0306-empty-zone.ts";
import { privateNames } from "./ls0307-private-names.ts";
import { blobZone } from "./ls0308-blob-zone.ts";
import { workspaceNames } from "./ls0309-workspace-names.ts";
import { namesSeen } from "./ls0310-names-seen.ts";
import { wayToEndpoint } from "./ls0401-way-to-endpoint.ts";
import { securityGroups } from "./ls0402-security-groups.ts";
import { proxy } from "./ls0403-proxy.ts";
import { certificate } from "./ls0404-certificate.ts";
import { publicNames } from "./ls0405-public-names.ts";
import { connectionsSeen } from "./ls0406-connections-seen.ts";
import { configurationServed } from "./ls0501-configuration-served.ts";
import { publisherRole } from "./ls0502-publisher-role.ts";
import { agentState } from "./ls0503-agent-state.ts";
import { ingestionTaken } from "./ls0504-ingestion-taken.ts";
import { dataFresh } from "./ls0601-data-fresh.ts";
import { metricsQuery } from "./ls0602-metrics-query.ts";
import { logsQuery } from "./ls0603-logs-query.ts";
import { portalQueries } from "./ls0604-portal-queries.ts";
import { grafanaEndpoint } from "./ls0605-grafana-endpoint.ts";
import { grafanaRole } from "./ls0606-grafana-role.ts";
import { closedOutside } from "./ls0701-closed-outside.ts";

export const checks: readonly Check[] = [
  factsRead,
  subnetRoom,
  scopeLimits,
  collectionRule,
  configurationAssociation,
  configurationRegion,
  ruleRegion,
  endpointsInScope,
  workspaceInScope,
  scopeEndpoint,
  connectionApproved,
  accessMode,
  oneScope,
  publicAccess,
  legacyAgents,
  leftovers,
  ruleEndpoint,
  resolver,
  zoneGroup,
  zoneRecords,
  staleRecords,
  zonesLinked,
  emptyZone,
  privateNames,
  blobZone,
  workspaceNames,
  namesSeen,
  wayToEndpoint,
  securityGroups,
  proxy,
  certificate,
  publicNames,
  connectionsSeen,
  configurationServed,
  publisherRole,
  agentState,
  ingestionTaken,
  dataFresh,
  metricsQuery,
  logsQuery,
  portalQueries,
  grafanaEndpoint,
  grafanaRole,
  closedOutside,
];
