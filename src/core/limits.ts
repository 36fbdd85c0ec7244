/** Every limit of the platform, with its unit in its name. A limit has a test at it and one past it. */

export const limits = {
  // HTTP, everywhere.
  httpHeaderBytesMax: 32 * 1024,
  httpBodyBytesMax: 4 * 1024 * 1024,
  httpHeadersTimeoutMs: 10_000,
  httpRequestTimeoutMs: 120_000,
  httpKeepAliveMs: 65_000,
  httpUrlBytesMax: 8 * 1024,

  // ARM.
  armBodyBytesMax: 4 * 1024 * 1024, // learn.microsoft.com, azure-resource-manager/management/request-limits-and-throttling
  armJsonDepthMax: 32,
  armNameCharsMax: 260,
  armIdCharsMax: 2_048,
  armResourcesMax: 200_000,
  armStringCharsMax: 32 * 1024,
  armMapEntriesMax: 1_000,
  armProblemsMax: 100,
  armTagsMax: 50, // learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
  armTagNameCharsMax: 512,
  armTagValueCharsMax: 256,
  armListPageMax: 1_000,
  armFilterCharsMax: 2_048,
  armOperationsKept: 10_000,
  graphFeedLineBytesMax: 8 * 1024 * 1024,
  graphFeedChunkBytes: 256 * 1024,
  graphFeedSubscribersMax: 32,
  graphFeedUnansweredMax: 1_000,
  graphFeedAckMs: 50,

  // Resources. @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits and private-link-design;
  // learn.microsoft.com/azure/private-link/private-endpoint-dns; learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
  subnetsPerVnetMax: 3_000,
  subnetPrefixLengthMax: 29,
  privateEndpointsPerScopeMax: 10,
  scopeEndpointsPerVnetMax: 1, // inferred from one private link scope for each virtual network
  scopesPerResourceMax: 100,
  zoneConfigsPerGroupMax: 5,
  zoneGroupsPerEndpointMax: 1,
  recordSetsPerZoneMax: 25_000,
  recordsPerSetMax: 20,
  linksPerZoneMax: 1_000,
  // learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
  peeringsPerVnetMax: 500,
  routesPerTableMax: 400,
  dnsServersPerVnetMax: 20,
  firewallRulesMax: 10_000,
  inboundEndpointsPerResolverMax: 5,
  outboundEndpointsPerResolverMax: 5,
  forwardingRulesPerRulesetMax: 1_000,
  rulesetLinksMax: 500,
  targetServersPerRuleMax: 6,
  dataSourcesPerKindMax: 10,
  dataFlowsPerRuleMax: 10,
  roleAssignmentsPerSubscriptionMax: 4_000,
  // Log Analytics workspaces. learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure and create-custom-table; az monitor log-analytics workspace create --help
  transformKqlCharsMax: 15_360, // learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits, data collection rules
  syslogFacilitiesMax: 20,
  filteredNamespacesMax: 1_000,
  logRetentionDaysMin: 30,
  logRetentionDaysMax: 730,
  tableRetentionDaysMin: 4,
  logTotalRetentionDaysMax: 4_383,
  dailyQuotaGbMin: 0.023,
  customTablesPerWorkspaceMax: 500,
  columnsPerTableMax: 500,

  // Remote write. @see facts: AMD fundamentals/service-limits.md for the label rules.
  remoteWriteCompressedBytesMax: 16 * 1024 * 1024,
  remoteWriteBytesMax: 32 * 1024 * 1024,
  seriesPerRequestMax: 100_000,
  labelsPerSeriesMax: 63,
  labelNameBytesMax: 511,
  labelValueBytesMax: 1023,

  // Ingestion of logs. @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
  logsIngestionBytesMax: 1024 * 1024, // compressed and not
  logsFieldBytesMax: 64 * 1024,
  logsRuleRequestsPerMinuteMax: 12_000,
  logsRuleBytesPerMinuteMax: 2 * 1024 * 1024 * 1024,
  odsBodyBytesMax: 30 * 1024 * 1024, // inferred: what the HTTP Data Collector API takes at the same host
  logsJsonDepthMax: 64,
  logsRecordsPerRequestMax: 100_000,
  agentRegistrationBytesMax: 64 * 1024,
  agentRegistrationSkewMs: 15 * 60 * 1000, // inferred: what the HTTP Data Collector API allows at the same workspace
  agentsPerWorkspaceMax: 5_000,
  logsFieldsPerRecordMax: 500, // learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits: a table's columns

  // Metrics store.
  headMs: 2 * 60 * 60 * 1000,
  headSeriesMax: 1_000_000,
  headBytesMax: 4 * 1024 * 1024 * 1024,
  walPendingBytesMax: 64 * 1024 * 1024,
  walSegmentBytesMax: 64 * 1024 * 1024,
  futureSampleMs: 10 * 60 * 1000,

  // Logs store. The rows and bytes of an answer: learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits
  logWalPendingBytesMax: 64 * 1024 * 1024,
  logWalSegmentBytesMax: 16 * 1024 * 1024,
  logUnmergedBytesMax: 512 * 1024 * 1024,
  logHotBytesMax: 64 * 1024 * 1024,
  logHotMs: 5 * 60 * 1000,
  logSegmentBytesMax: 256 * 1024 * 1024,
  logSortRowsMax: 1_500_000,
  logWorkspaceBytesMax: 64 * 1024 * 1024 * 1024,
  logConstantSetsMax: 1_000,
  logEngineMemoryBytesMax: 512 * 1024 * 1024,
  logEngineTemporaryBytesMax: 1024 * 1024 * 1024,
  logEngineQueriesAtOnceMax: 2,
  logEngineQueriesWaitingMax: 200,
  logQueryRowsMax: 500_000,
  logQueryResultBytesMax: 100 * 1024 * 1024,
  logTimePastMs: 2 * 24 * 60 * 60 * 1000, // learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
  logTimeFutureMs: 24 * 60 * 60 * 1000,

  // PromQL. @see facts: AMD metrics/prometheus-api-promql.md.
  queryTimeoutMs: 30_000,
  queryCharsMax: 64 * 1024,
  queryDepthMax: 200,
  querySamplesMax: 50_000_000,
  querySeriesMax: 500_000,
  queryPointsPerSeriesMax: 11_000,
  queryResultSamplesMax: 10_000_000, // a JSON answer of more nears the longest string that V8 holds
  queryRangeMs: 32 * 24 * 60 * 60 * 1000,
  seriesLookbackMs: 12 * 60 * 60 * 1000,
  queriesAtOnceMax: 20,
  queryFormBytesMax: 256 * 1024,
  queryLongRangeMs: 48 * 60 * 60 * 1000, // from here on the step below is the least
  queryLongRangeStepMs: 60 * 1000,

  // KQL.
  kqlCharsMax: 64 * 1024,
  kqlOperatorsMax: 100,
  kqlProblemsMax: 20,
  kqlSqlNodesMax: 20_000, // the engine reads so many in a second, and nothing stops it meanwhile
  kqlTranslateTimeoutMs: 10_000,
  kqlLoadTimeoutMs: 60_000,
  kqlWorkerMegabytesMax: 1024,
  kqlPendingMax: 200, // learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits: queries in a queue

  // Queries of logs. learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits (Query API, user query throttling); logs/api/timeouts
  logsQueryBodyBytesMax: 256 * 1024,
  logsQueryTimeoutMs: 180_000,
  logsQueryTimeoutMsMax: 600_000,
  logsQueriesPerWindowMax: 200,
  logsQueryWindowMs: 30_000,
  logsQueriesAtOnceMax: 5,
  logsQueriesWaitingMax: 200,
  logsQueryQueueMs: 180_000,

  // Fabric.
  proxyHeaderBytesMax: 536,
  proxyHeaderTimeoutMs: 3_000,
  dnsUdpBytesMax: 4096,
  dnsTcpConnectionsMax: 128,
  dnsTcpIdleMs: 10_000,
  connectionsPerListenerMax: 4096,
  gatewayHeaderBytesMax: 16 * 1024,
  dnsQueryBytesMax: 4096,
  dnsNameCharsMax: 254, // RFC 1035 section 2.3.4, with the final dot
  dnsPendingBytesMax: 256 * 1024,
  dialTimeoutMs: 5_000,
  sessionsMax: 256,
  connectionsPerSessionMax: 1024,
  relayHeaderBytesMax: 128,
  relayHeaderTimeoutMs: 3_000,
  resolversMax: 256,
  socketPathBytesMax: 107,
  adminBodyBytesMax: 16 * 1024,
  linkIdMax: 0xffff_ffff,
  linkTableBytesMax: 64 * 1024 * 1024,
  linkTableReadsPerSecondMax: 100,
  tlsGreetingBytesMax: 64 * 1024,
  tlsGreetingTimeoutMs: 10_000,
  namespacePrefixesMax: 4096,
  namespaceConfigBytesMax: 8 * 1024 * 1024,

  // Edge.
  tlsHandshakeTimeoutMs: 10_000,
  edgeDrainMs: 5_000,
  refusedBodyBytesMax: 64 * 1024 * 1024,
  refusedBodyTimeoutMs: 5_000,
  unixSocketPathBytesMax: 107,
  accessLogPathCharsMax: 512,
  accessLogReasonsMax: 32,
  accessLogEntriesMax: 10_000,
  accessLogPendingCharsMax: 4 * 1024 * 1024,
  accessLogBytesMax: 64 * 1024 * 1024,

  // Tokens.
  tokenCharsMax: 16 * 1024,
  tokenLifeSeconds: 3600,
  ingestionTokenLifeSeconds: 24 * 3600,
  clockSkewSeconds: 60,
  verifiedTokensMax: 10_000,
  tokenRequestBytesMax: 32 * 1024,
  tokenRefusalsPerMinuteMax: 32,
  tokenAttemptsAtOnceMax: 16,
  applicationsMax: 10_000,

  // TLS.
  authorityLifeMs: 3_650 * 24 * 60 * 60 * 1000,
  leafLifeMs: 30 * 24 * 60 * 60 * 1000,
  leavesMax: 256,

  // Agent.
  scrapeBytesMax: 64 * 1024 * 1024,
  scrapeSeriesMax: 200_000,
  scrapeTimeoutMs: 10_000,
  agentQueueBytesMax: 512 * 1024 * 1024,
  agentBatchSamplesMax: 10_000,
  agentBatchBytesMax: 4 * 1024 * 1024,
  agentRecentBytesMax: 16 * 1024 * 1024,
  agentSegmentBytesMax: 8 * 1024 * 1024,
  agentTargetsMax: 500,
  agentConfigurationRefreshMs: 5 * 60 * 1000,
  agentBackoffMsMin: 500,
  agentBackoffMsMax: 30_000,
  agentConfigurationBackoffMsMax: 5_000,
  scrapeIntervalMs: 15_000,
  scrapeRedirectsMax: 3,
  hostMountsMax: 64,

  // Discovery and scraping of clusters.
  relabelRegexCharsMax: 32 * 1024,
  scrapeConfigBytesMax: 1024 * 1024, // a ConfigMap's own limit, kubernetes.io/docs/concepts/configuration/configmap
  scrapeJobsMax: 500,
  scrapeRulesPerListMax: 500,
  scrapeProblemsMax: 100,
  scrapeExemplarCharsMax: 128, // OpenMetrics 1.0, "Exemplars"
  scrapesAtOnceMax: 64,
  discoveredTargetsMax: 10_000,
  discoveredObjectsMax: 50_000,
  discoverySettleMs: 1_000,
  agentSeriesMax: 1_000_000,
  kubeconfigBytesMax: 1024 * 1024,
  kubernetesListPage: 500,
  kubernetesAnswerBytesMax: 64 * 1024 * 1024,
  kubernetesWatchLineBytesMax: 4 * 1024 * 1024,
  kubernetesWatchMs: 5 * 60 * 1000,
  kubernetesAnnotationCharsMax: 4_096,
  kubernetesWatchMsMax: 6 * 60 * 1000,
  kubernetesBackoffMsMin: 500,
  kubernetesBackoffMsMax: 30_000,
  kubernetesExecTimeoutMs: 30_000,
  kubernetesExecOutputBytesMax: 1024 * 1024,
  kubernetesTokenReadMs: 60_000,

  // Agent of logs.
  logLineBytesMax: 64 * 1024, // learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview: a field's value
  logReadBytes: 256 * 1024,
  logBatchBytesMax: 1_000_000, // one call of the Logs Ingestion API has 1 MB at most
  logBatchMs: 1_000,
  logPollMs: 500,
  logScanMs: 2_000,
  logRetryAfterMsMax: 10 * 60 * 1000,
  logPartialFlushMs: 5_000,
  logGroupLinesMax: 1_000,
  logFilesMax: 2_000,
  logFingerprintBytes: 256,
  logSiblingsMax: 64,
  syslogConnectionsMax: 256,
  syslogWaitingMax: 20_000,
  logArchiveBytesMax: 64 * 1024 * 1024,
  logQueueBytesMax: 512 * 1024 * 1024,
  recordQueueBytesMax: 64 * 1024 * 1024,

  // Names and links.
  dnsChainStepsMax: 8,
  keptResolutionsMax: 65_536, // of one version of the graph

  // Clients.
  clientTimeoutMs: 30_000,
  clientAnswerBytesMax: 64 * 1024 * 1024,
  clientConnectionsMax: 64,
  clientTriesMax: 5,
  listPagesMax: 1_000,
  operationTimeoutMs: 30 * 60 * 1000,
  tokenRefreshAheadMs: 5 * 60 * 1000,
  dnsClientTimeoutMs: 2_000,

  // Onboarding.
  onboardWriteMs: 10 * 60 * 1000,
  onboardProvisioningWaitMs: 5_000,
  onboardTriesMax: 4,
  onboardPollMs: 5_000,
  onboardFirstPollMs: 500,
  proofFreshMs: 5 * 60 * 1000,
  estateBytesMax: 256 * 1024,
  prometheusFileBytesMax: 4 * 1024 * 1024,
  estateEntriesMax: 1_000,

  // Snapshots and the doctor.
  snapshotBytesMax: 512 * 1024 * 1024,
  snapshotStringCharsMax: 4_096,
  snapshotUnreadMax: 100_000,
  snapshotReadsAtOnce: 8,
  snapshotTriesMax: 6,
  snapshotWaitMsMax: 2 * 60 * 1000, // a longer Retry-After is noted, and not waited for
  snapshotLinkedMax: 10_000,
  overlayBytesMax: 128 * 1024 * 1024,
  fragmentBytesMax: 4 * 1024 * 1024,
  fragmentLinesMax: 20_000,
  fragmentFieldCharsMax: 1_024,
  evidenceFreshMs: 24 * 60 * 60 * 1000,
  suppressionsBytesMax: 1024 * 1024,
  suppressionsMax: 10_000,
  reportBytesMax: 16 * 1024 * 1024,

  // Topology and portal.
  topologyNodesMax: 400,
  portalBodyBytesMax: 1024,

  // Explaining error texts.
  explainLineCharsMax: 64 * 1024,
} as const;
