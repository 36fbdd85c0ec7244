/**
 * Records of container logs, as JSON: `ContainerLogV2`, or `ContainerLog` for rules that still want it.
 * @see github.com/microsoft/Docker-Provider source/plugins/go/src/oms.go (DataItemLAv2, DataItemLAv1)
 */
import type { AssembledText } from "./line-assembler.ts";
import type { LoggedContainer } from "./log-file-name.ts";
import { logLevelOf } from "./log-level.ts";

/** Writes one record as a JSON object. */
export type WriteRecord = (text: AssembledText) => string;

export interface RecordSubject {
  readonly container: LoggedContainer;
  /** The node's name. */
  readonly computer: string;
}

/**
 * A writer of ContainerLogV2.
 *
 * @param metadata the pod's metadata as JSON at the moment of writing; undefined where the settings do not ask for it.
 */
export function containerLogV2Writer(
  { container, computer }: RecordSubject,
  metadata: (() => string | undefined) | undefined,
): WriteRecord {
  const fixed =
    `","Computer":${JSON.stringify(computer)},"ContainerId":${JSON.stringify(container.containerId)},` +
    `"ContainerName":${JSON.stringify(container.container)},"PodName":${JSON.stringify(container.pod)},` +
    `"PodNamespace":${JSON.stringify(container.namespace)},"LogMessage":`;
  return ({ time, stream, text }) => {
    const head = `{"TimeGenerated":"${time}${fixed}${JSON.stringify(text)},"LogSource":"${stream}"`;
    if (metadata === undefined) return `${head}}`;
    const known = metadata();
    const more = known === undefined ? "" : `,"KubernetesMetadata":${known}`;
    return `${head},"LogLevel":"${logLevelOf(text)}"${more}}`;
  };
}

/** A writer of ContainerLog; image and name are there where the settings ask for enrichment. */
export function containerLogWriter(
  { container, computer }: RecordSubject,
  enriched: () => { readonly image: string; readonly name: string } | undefined,
): WriteRecord {
  const fixed =
    `"Id":${JSON.stringify(container.containerId)},"SourceSystem":"Containers",` +
    `"Computer":${JSON.stringify(computer)}`;
  return ({ time, stream, text }) => {
    const more = enriched();
    const names =
      more === undefined
        ? `"Image":"","Name":""`
        : `"Image":${JSON.stringify(more.image)},"Name":${JSON.stringify(more.name)}`;
    return (
      `{"LogEntry":${JSON.stringify(text)},"LogEntrySource":"${stream}","LogEntryTimeStamp":"${time}",` +
      `"TimeOfCommand":"${time}",${names},${fixed}}`
    );
  };
}
