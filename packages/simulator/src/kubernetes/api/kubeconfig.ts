import { stringify } from 'yaml';

/** Returns a kubeconfig as YAML for one cluster and one bearer token. */
export function kubeconfigYaml(
  cluster: { name: string; server: string; ca?: string | undefined },
  token: string,
): string {
  const { name, server, ca } = cluster;
  const authority = ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, ...authority } }],
    users: [{ name: `${name}-triage`, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: `${name}-triage`, namespace: 'default' } }],
    'current-context': name,
  });
}
