/** A kubeconfig for one user of the lab. */

export function kubeconfigOf({
  url,
  caPem,
  token,
}: {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: lab
    cluster:
      server: ${url}
      certificate-authority-data: ${Buffer.from(caPem).toString("base64")}
users:
  - name: lab-user
    user:
      token: ${token}
contexts:
  - name: lab
    context:
      cluster: lab
      user: lab-user
      namespace: default
current-context: lab
`;
}
