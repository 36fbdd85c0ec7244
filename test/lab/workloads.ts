/** Drafts of the lab's workloads and services as Kubernetes objects. */
import type { KubeObject } from "./kube.ts";

export interface Workload {
  readonly kind: "Deployment" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas?: number;
  readonly image: string;
  readonly port?: { readonly name: string; readonly number: number };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hostNetwork?: boolean;
  /** The claim of a volume that the pods mount. */
  readonly claim?: string;
}

/** A deployment or a daemon set of one container. */
export function workload(draft: Workload): KubeObject {
  const probe = { httpGet: { path: "/", port: draft.port?.number ?? 80 }, periodSeconds: 10 };
  return {
    apiVersion: "apps/v1",
    kind: draft.kind,
    metadata: { name: draft.name, namespace: draft.namespace, labels: draft.labels, generation: 1 },
    spec: {
      ...(draft.kind === "Deployment"
        ? {
            replicas: draft.replicas ?? 1,
            strategy: {
              type: "RollingUpdate",
              rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
            },
          }
        : { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } }),
      selector: { matchLabels: draft.labels },
      template: {
        metadata: {
          labels: draft.labels,
          ...(draft.annotations === undefined ? {} : { annotations: draft.annotations }),
        },
        spec: {
          ...(draft.hostNetwork === true ? { hostNetwork: true } : {}),
          ...(draft.claim === undefined
            ? {}
            : {
                volumes: [{ name: "data", persistentVolumeClaim: { claimName: draft.claim } }],
              }),
          restartPolicy: "Always",
          serviceAccountName: "default",
          containers: [
            {
              name: draft.name,
              image: draft.image,
              ...(draft.port === undefined
                ? {}
                : {
                    ports: [
                      {
                        name: draft.port.name,
                        containerPort: draft.port.number,
                        protocol: "TCP",
                      },
                    ],
                  }),
              readinessProbe: probe,
              livenessProbe: probe,
              resources: {
                requests: { cpu: "50m", memory: "64Mi" },
                limits: { cpu: "500m", memory: "512Mi" },
              },
            },
          ],
        },
      },
    },
    status: {},
  };
}

export interface ServiceDraft {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
  readonly targetPort: string;
  readonly clusterIP: string;
}

/** A service of one port. */
export const serviceOf = (draft: ServiceDraft): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: draft.name, namespace: draft.namespace, labels: draft.labels },
  spec: {
    type: "ClusterIP",
    clusterIP: draft.clusterIP,
    selector: draft.labels,
    ports: [
      { name: draft.targetPort, port: draft.port, protocol: "TCP", targetPort: draft.targetPort },
    ],
  },
});
