import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { PermissionPreflight } from '../../apps/ingester/src/clusters/preflight.ts';
import type { Bench } from '../run.ts';
import { round } from '../figures.ts';

const CLUSTERS = 100;
/** Number of clusters measured with kubectl; each takes equally long. */
const BASELINE_CLUSTERS = 20;
const SERVERS = path.join(import.meta.dirname, 'preflight/servers.ts');
/** The checks of design.md, one kubectl call each. */
const QUESTIONS = [
  ...['pods', 'pods/log', 'events', 'deployments.apps', 'services', 'secrets', 'configmaps', 'nodes'].map((what) => [
    'get',
    what,
    '--all-namespaces',
  ]),
  ['--list'],
];

export const bench: Bench = {
  description:
    'Permission checks of 100 clusters, as in an ingester, against nine `kubectl auth can-i` calls per cluster',
  async measure(progress) {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-preflight-'));
    const servers = execa(process.execPath, [SERVERS, String(CLUSTERS), folder], { ipc: true, reject: false });
    try {
      await servers.getOneMessage();
      progress('clusters started');
      const clusters = Array.from({ length: CLUSTERS }, (_, at) =>
        ClusterConfig.parse({
          name: `cluster-${at}`,
          mcp: { endpoint: 'http://127.0.0.1:1/mcp' },
          triage: { enabled: true, kubeconfig: path.join(folder, `cluster-${at}.yaml`) },
        }),
      );
      const seconds = await ask(clusters);
      progress(`asked about ${CLUSTERS} clusters in ${seconds.toFixed(2)} s`);
      const kubectlSeconds = ((await askKubectl(folder)) * CLUSTERS) / BASELINE_CLUSTERS;
      return {
        clusters: CLUSTERS,
        seconds: round(seconds),
        kubectl_seconds: round(kubectlSeconds),
        kubectl_measured_clusters: BASELINE_CLUSTERS,
        ratio: round(kubectlSeconds / seconds),
      };
    } finally {
      servers.kill();
      await servers;
      await rm(folder, { recursive: true });
    }
  },
};

/** Returns the seconds until the permissions of all clusters are known. */
async function ask(clusters: ClusterConfig[]): Promise<number> {
  const begun = performance.now();
  const preflight = new PermissionPreflight({ logger: silentLogger });
  preflight.watch(clusters);
  for (const { name } of clusters) {
    await preflight.firstCheck(name);
    if (!preflight.permissionsOf(name)?.can_get_pods) throw new Error(`permissions of ${name} were not found out`);
  }
  const seconds = (performance.now() - begun) / 1_000;
  await preflight.stop();
  return seconds;
}

async function askKubectl(folder: string): Promise<number> {
  const begun = performance.now();
  for (let at = 0; at < BASELINE_CLUSTERS; at += 1)
    for (const question of QUESTIONS)
      // kubectl exits with 1 for "no".
      await execa('kubectl', ['--kubeconfig', path.join(folder, `cluster-${at}.yaml`), 'auth', 'can-i', ...question], {
        reject: false,
        env: { HOME: folder },
      });
  return (performance.now() - begun) / 1_000;
}
