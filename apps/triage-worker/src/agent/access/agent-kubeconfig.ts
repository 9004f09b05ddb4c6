import { stringify } from 'yaml';

/** Returns the kubeconfig of an agent: one context, the gateway's address and certificate, and the token of the run. */
export function agentKubeconfig(
  cluster: string,
  { server, ca, token }: { server: string; ca: string; token: string },
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: cluster, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: 'agent', user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user: 'agent' } }],
    'current-context': cluster,
  });
}
