import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubernetes, type Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import { HttpListener } from '@nightcrier/simulator/http-listener';
import { Users } from '@nightcrier/simulator/kubernetes/access/users';
import { ApiServer } from '@nightcrier/simulator/kubernetes/api/api-server';
import { kubeconfigYaml } from '@nightcrier/simulator/kubernetes/api/kubeconfig';
import { PodLogs } from '@nightcrier/simulator/kubernetes/api/pod-log';
import { ObjectStore } from '@nightcrier/simulator/kubernetes/objects/object-store';
import { findByKind } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import type { ClusterState } from '../eval-case.ts';

const TOKEN = 'eval-reader';
const KUBECONFIG = 'kubeconfig.yaml';

/** The Kubernetes API of one case after the other, over HTTP with a read-only token, as the worker reaches a cluster. */
export class SimulatedApi implements AsyncDisposable {
  readonly kubernetes: Kubernetes;
  /** Path of the kubeconfig, for an agent. */
  readonly kubeconfig: string;
  readonly #listener: HttpListener;
  readonly #folder: string;
  readonly #current: { api: ApiServer };

  private constructor(kubernetes: Kubernetes, listener: HttpListener, folder: string, current: { api: ApiServer }) {
    this.kubernetes = kubernetes;
    this.kubeconfig = path.join(folder, KUBECONFIG);
    this.#listener = listener;
    this.#folder = folder;
    this.#current = current;
  }

  /** @param host where it listens; an agent in a container needs the address of its bridge */
  static async start(host = '127.0.0.1'): Promise<SimulatedApi> {
    const current = { api: apiOf({ takenAt: new Date(), objects: [], logs: [], alerts: [] }) };
    const listener = new HttpListener(host, 0, (request, response) => current.api.handle(request, response));
    await listener.start();
    const folder = mkdtempSync(path.join(tmpdir(), 'nightcrier-eval-'));
    const file = path.join(folder, KUBECONFIG);
    writeFileSync(file, kubeconfigYaml({ name: 'eval', server: `http://${host}:${String(listener.port)}` }, TOKEN), {
      mode: 0o600,
    });
    return new SimulatedApi(await openKubernetes(file), listener, folder, current);
  }

  /** Shows another cluster from now on. */
  show(state: ClusterState): void {
    this.#current.api = apiOf(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kubernetes.close();
    await this.#listener.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function apiOf({ objects, logs }: ClusterState): ApiServer {
  const store = new ObjectStore();
  const podLogs = new PodLogs();
  for (const object of objects) if (findByKind(object.apiVersion, object.kind)) store.put(object);
  for (const { uid, container, current, previous } of logs) podLogs.set(uid, container, { current, previous });
  return new ApiServer(store, podLogs, new Users({ [TOKEN]: 'read-only' }, false));
}
