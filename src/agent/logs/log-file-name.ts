/**
 * Which container a log file is of: the kubelet's links are named `POD_NAMESPACE_CONTAINER-ID.log`.
 * @see github.com/kubernetes/kubernetes pkg/kubelet/kuberuntime (logSymlink)
 */

export interface LoggedContainer {
  readonly pod: string;
  readonly namespace: string;
  readonly container: string;
  readonly containerId: string;
}

/** Names of Kubernetes have neither underscores nor capitals; the id is the runtime's, 64 hexadecimal digits as a rule. */
const pattern =
  /^([a-z0-9][a-z0-9.-]{0,252})_([a-z0-9][a-z0-9-]{0,62})_([a-z0-9][a-z0-9-]{0,62})-([A-Za-z0-9]{8,128})\.log$/;

/** The container of a file's name; undefined when it is no name that a kubelet gives. */
export function containerOf(fileName: string): LoggedContainer | undefined {
  const [, pod, namespace, container, containerId] = pattern.exec(fileName) ?? [];
  if (!pod || !namespace || !container || !containerId) return undefined;
  return { pod, namespace, container, containerId };
}
