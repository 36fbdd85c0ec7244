/** What is collected of a node's container logs: by the rule, and by the settings in the cluster. Pure. */
import type { LogsConfiguration } from "../../client/index.ts";
import type { LogStream } from "./cri-line.ts";
import type { LoggedContainer } from "./log-file-name.ts";
import type { CollectionPlan } from "./log-collector.ts";
import { containerLogV2Writer, containerLogWriter } from "./log-records.ts";
import type { LogsAgentSettings } from "./logs-settings.ts";
import { highScaleStream, isCollected, recordTypes } from "./record-types.ts";

export interface ContainerFacts {
  /** The pod's metadata as JSON, as the settings ask for it. */
  readonly metadata: (container: LoggedContainer) => string | undefined;
  readonly image: (container: LoggedContainer) => { image: string; name: string } | undefined;
  /** Annotated with `fluentbit.io/exclude`; undefined while that is not known yet. */
  readonly isExcluded: (container: LoggedContainer) => boolean | undefined;
}

/**
 * The plan of container logs; undefined where the rule does not ask for them.
 *
 * The rule's namespace filter is for inventory and performance; which namespaces' logs are left out stands in the settings.
 * @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-data-collection-configure ("Applicable tables")
 */
export function collectionPlan(
  { streams, settings: rule }: LogsConfiguration,
  settings: LogsAgentSettings,
  { computer, facts }: { readonly computer: string; readonly facts: ContainerFacts },
): CollectionPlan | undefined {
  const v2 =
    settings.schemaVersion === undefined ? rule.containerLogV2 : settings.schemaVersion === "v2";
  const type = typeOf(streams, v2);
  if (type === undefined) return undefined;
  const isV1 = type === recordTypes.containerLog;
  return {
    type,
    languages: isV1 ? new Set() : settings.traceLanguages,
    streamsOf: (container) => streamsOf(settings, facts, container),
    writerOf: (container) =>
      isV1
        ? containerLogWriter({ container, computer }, () =>
            settings.enrich ? facts.image(container) : undefined,
          )
        : containerLogV2Writer(
            { container, computer },
            settings.metadataFields === undefined ? undefined : () => facts.metadata(container),
          ),
  };
}

/** High log scale mode goes before the others: both together would double every line. */
function typeOf(streams: ReadonlySet<string>, v2: boolean): string | undefined {
  if (streams.has(highScaleStream)) return highScaleStream;
  const type = v2 ? recordTypes.containerLogV2 : recordTypes.containerLog;
  return isCollected(streams, type) ? type : undefined;
}

function streamsOf(
  settings: LogsAgentSettings,
  facts: ContainerFacts,
  container: LoggedContainer,
): ReadonlySet<LogStream> {
  const collected = (["stdout", "stderr"] as const).filter((stream) => {
    const { enabled, excludedNamespaces, includedSystemPods } = settings[stream];
    if (!enabled) return false;
    if (!excludedNamespaces.has(container.namespace)) return true;
    return includedSystemPods.some(
      ({ namespace, controller }) =>
        namespace === container.namespace && container.pod.startsWith(`${controller}-`),
    );
  });
  // What is not known yet is looked at again with the next scan.
  if (settings.filterByAnnotation && facts.isExcluded(container) !== false) return new Set();
  return new Set(collected);
}
