/** Error codes of the data plane: agent configuration, ingestion and query, as their callers meet them. */
import type { ErrorCatalogue } from "../core/index.ts";

export const ingestErrors = {
  AuthenticationFailed: {
    status: 401,
    fault: "caller",
    retry: false,
    means: "The request has no bearer token, or one that this service does not take.",
    remedy: "Send `Authorization: Bearer TOKEN` with a valid token for the audience that is named.",
  },
  PublicNetworkAccessDenied: {
    status: 403,
    fault: "caller",
    retry: false,
    // inferred: the bodies of these refusals are in no document; ODS alone is evidenced, with an empty one.
    means:
      "The resource takes no public requests, and this one came over no private link to it. Code and text are inferred.",
    remedy:
      "Come through a private endpoint to the resource or to a scope that links it, or enable its public network access.",
  },
  InvalidAccess: {
    status: 403,
    fault: "caller",
    retry: false,
    // The text is Azure's own; that this code goes with it is inferred from Azure/prometheus-collector's troubleshooting guide.
    means:
      "Agent configuration was asked for over a private link, and the cluster has no endpoint for it.",
    remedy:
      "Associate a data collection endpoint with the cluster, as `configurationAccessEndpoint`, and link it to the scope.",
  },
  MisdirectedAgentRequest: {
    status: 421,
    fault: "caller",
    retry: true,
    means:
      "Agent configuration is served by the data collection endpoint that the cluster is associated with.",
    remedy: "Repeat the request at the URL of the header x-ms-agent-config-endpoint.",
  },
  OperationFailed: {
    status: 403,
    fault: "caller",
    retry: true,
    means: "The token may not ingest into this data collection rule through this endpoint.",
    remedy:
      "Assign Monitoring Metrics Publisher on the rule, and send to the endpoint that the rule names.",
  },
  AuthorizationFailed: {
    status: 403,
    fault: "caller",
    retry: true,
    means: "The identity is known and may not do this here.",
    remedy: "Use the identity of the resource itself, or assign the role that the message names.",
  },
  ResourceNotFound: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "No resource or rule of this name is served at this host.",
    remedy: "Check the id and the immutable id in the URL.",
  },
  NotFound: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "The host serves no such path.",
    remedy: "Check the path; docs/compatibility.md lists those that are served.",
  },
  UnknownStream: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The rule has no flow for the stream that the URL names.",
    remedy: "Send to a stream of the rule's dataFlows.",
  },
  UnknownDataType: {
    status: 400,
    fault: "caller",
    retry: false,
    // inferred: what ODS answers to it is in no document.
    means: "The body's DataType is not one that ODS takes here. Code and text are ours.",
    remedy: "Send one of the data types that the message names.",
  },
  InvalidPayload: {
    status: 400,
    fault: "caller",
    retry: false,
    // inferred: AMCS has this code for bodies that it cannot take; the ingestion API's own is in no document.
    means: "The body cannot be read as records. That this code says so is inferred.",
    remedy: "Send a JSON array of objects in UTF-8; the message says what stands there instead.",
  },
  InvalidContentEncoding: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The body is compressed in a way that is not taken here, or not as its header says.",
    remedy: "Send Content-Encoding: gzip, or none; ODS takes deflate too.",
  },
  ContentLengthLimitExceeded: {
    status: 413,
    fault: "caller",
    retry: false,
    means: "A call of the Logs Ingestion API has more than 1 MB, as it came or inflated.",
    remedy: "Send fewer records in one call.",
  },
  TooManyRequests: {
    status: 429,
    fault: "caller",
    retry: true,
    // inferred: status and Retry-After are documented, the code is not.
    means: "The data collection rule took what it takes in one minute.",
    remedy: "Send again after the seconds of Retry-After.",
  },
  UnsupportedApiVersion: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The api-version is missing or not one that this path is served in.",
    remedy: "Use one of the versions that the message names.",
  },
  InvalidParameter: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "A parameter of the URL has a value that the service does not know.",
    remedy: "Use one of the values that the message names.",
  },
  MethodNotAllowed: {
    status: 405,
    fault: "caller",
    retry: false,
    means: "The path is served, with another method.",
    remedy: "Use the method of the header Allow.",
  },
  DestinationUnavailable: {
    status: 503,
    fault: "world",
    retry: true,
    means: "A workspace or table that the rule sends to is not there, or not yet.",
    remedy: "Check the rule's destinations; then send again.",
  },
  FeatureNotEmulated: {
    status: 501,
    fault: "platform",
    retry: false,
    means: "Azure serves this; this platform does not yet, and says so.",
    remedy: "See docs/compatibility.md.",
  },
} as const satisfies ErrorCatalogue;

export type IngestErrorCode = keyof typeof ingestErrors;
