import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubernetes, type Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';

type SimulatedCluster = Awaited<ReturnType<typeof startSimulatedCluster>>;

/** A token that may read everything but Secrets, and one that may not read logs. */
const READER = 'reader';
export const READER_WITHOUT_LOGS = 'reader-without-logs';

const READ = ['get', 'list', 'watch'];

/** A simulated cluster with a folder of its own, both gone at the end of the scope. */
export interface Broken extends AsyncDisposable {
  cluster: SimulatedCluster;
  fault: FaultEvent;
  folder: string;
  open(token?: string): Promise<Kubernetes>;
}

/** Starts a cluster over TLS in which a scenario has gone wrong. */
export async function breakCluster(scenario: string): Promise<Broken> {
  const cluster = await startSimulatedCluster({
    name: 'alpha',
    tls: true,
    users: {
      [READER]: 'read-only',
      [READER_WITHOUT_LOGS]: [
        { apiGroups: [''], resources: ['pods', 'events', 'nodes', 'services', 'configmaps'], verbs: READ },
        { apiGroups: ['apps', 'batch'], resources: ['*'], verbs: READ },
      ],
    },
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-evidence-'));
  const { fault } = await cluster.run(scenario);
  if (fault === undefined) throw new Error(`the scenario ${scenario} has no fault`);
  return {
    cluster,
    fault,
    folder,
    async open(token = READER) {
      const file = path.join(folder, 'kubeconfig.yaml');
      await writeFile(file, cluster.kubeconfig(token));
      return openKubernetes(file);
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}
