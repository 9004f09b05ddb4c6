/**
 * Simulated clusters in a process of their own, so that only the client is measured.
 * usage: servers.ts NUMBER FOLDER    (writes FOLDER/NAME.yaml, a kubeconfig for each, and reports to its parent when all exist)
 */
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const [number, folder = ''] = process.argv.slice(2);
for (let at = 0; at < Number(number); at += 1) {
  const name = `cluster-${at}`;
  const cluster = await startSimulatedCluster({ name, tls: true });
  await writeFile(path.join(folder, `${name}.yaml`), cluster.kubeconfig(), { mode: 0o600 });
}
process.send?.('ready');
