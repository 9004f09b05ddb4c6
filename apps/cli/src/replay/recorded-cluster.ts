import type { Evidence, ListPiece, LogPiece } from '@nightcrier/triage-worker/evidence/evidence';
import { piecesOf } from '@nightcrier/triage-worker/evidence/evidence';
import { HttpListener } from '@nightcrier/simulator/http-listener';
import { Users } from '@nightcrier/simulator/kubernetes/access/users';
import { ApiServer } from '@nightcrier/simulator/kubernetes/api/api-server';
import { sendFailure } from '@nightcrier/simulator/kubernetes/api/http-exchange';
import { kubeconfigYaml } from '@nightcrier/simulator/kubernetes/api/kubeconfig';
import { PodLogs } from '@nightcrier/simulator/kubernetes/api/pod-log';
import { KubernetesObject } from '@nightcrier/simulator/kubernetes/objects/kubernetes-object';
import { ObjectStore } from '@nightcrier/simulator/kubernetes/objects/object-store';
import { findByKind, qualifiedName } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import {
  isTrue,
  parseResourceRequest,
  type ResourceRequest,
} from '@nightcrier/simulator/kubernetes/request/request-info';
import { StatusError } from '@nightcrier/simulator/kubernetes/request/status-error';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A running API of a recorded cluster. */
export interface RecordedCluster extends AsyncDisposable {
  /** Of a user that may only read. */
  kubeconfig: string;
}

/**
 * Serves recorded evidence as a read-only Kubernetes API on loopback. What was not recorded is answered with the reason `NotRecorded`,
 * never as if it did not exist. A list that may lack objects has a warning, which kubectl prints.
 */
export async function serveRecording(evidence: Evidence, cluster: string): Promise<RecordedCluster> {
  const token = randomUUID();
  const recording = new Recording(evidence);
  const api = new ApiServer(recording.store, recording.logs, new Users({ [token]: 'read-only' }, false));
  const listener = new HttpListener('127.0.0.1', 0, (request, response) => {
    try {
      recording.check(request, response);
    } catch (error) {
      sendFailure(response, error);
      return;
    }
    api.handle(request, response);
  });
  await listener.start();
  return {
    kubeconfig: kubeconfigYaml({ name: cluster, server: `http://127.0.0.1:${listener.port}` }, token),
    [Symbol.asyncDispose]: async () => listener.stop(),
  };
}

/** What the evidence holds of a cluster. */
class Recording {
  readonly store = new ObjectStore();
  readonly logs = new PodLogs();
  readonly #at: string;
  readonly #lists: ListPiece[];
  readonly #logs: LogPiece[];

  constructor(evidence: Evidence) {
    this.#at = evidence.collectedAt;
    this.#lists = piecesOf(evidence, 'list');
    this.#logs = piecesOf(evidence, 'log');
    const objects = [
      ...this.#lists.flatMap(({ objects: listed }) => listed),
      ...piecesOf(evidence, 'events').flatMap(({ events }) =>
        events.map((event) => ({ ...event, apiVersion: 'v1', kind: 'Event' })),
      ),
      ...piecesOf(evidence, 'object').map(({ object }) => object),
    ];
    for (const object of objects) {
      const { success, data } = KubernetesObject.safeParse(object);
      // Kinds that the API does not serve are in the evidence only.
      if (success && findByKind(data.apiVersion, data.kind)) this.store.put({ ...data, changedBy: undefined });
    }
    this.#addLogs();
  }

  /**
   * Adds a warning to a list that may lack objects.
   * @throws StatusError for what was not recorded
   */
  check(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://kubernetes');
    if (request.method !== 'GET' || !/^\/apis?\/.*[^/]\/[^/]/.test(url.pathname)) return;
    let asked: ResourceRequest;
    try {
      asked = parseResourceRequest('GET', url);
    } catch {
      // Discovery, or a path that the API answers itself.
      return;
    }
    switch (asked.verb) {
      case 'watch':
        throw this.#notRecorded('a recording does not change: list instead of watching');
      case 'list': {
        if (this.#covers(asked)) return;
        const { length } = this.store.list(asked.type, asked.namespace);
        const what = `${qualifiedName(asked.type)}${asked.namespace === undefined ? '' : ` in ${asked.namespace}`}`;
        if (length === 0) throw this.#notRecorded(`${what} were not listed`);
        response.setHeader('warning', `299 - "recorded evidence: there may be other ${what} than these"`);
        return;
      }
      case 'get': {
        const { type, namespace, name = '', subresource } = asked;
        const object = this.store.get(type, namespace, name);
        if (object === undefined && !this.#covers(asked)) {
          throw this.#notRecorded(`${qualifiedName(type)} "${name}" was not read`);
        }
        if (object !== undefined && subresource === 'log') this.#checkLog(object, url.searchParams);
        return;
      }
      default:
        // Writes are refused by the role of the user.
        return;
    }
  }

  /** Returns whether a recorded list has every object that the request can mean. */
  #covers({ type, namespace }: ResourceRequest): boolean {
    return this.#lists.some(
      (list) =>
        list.kind === type.kind && !list.truncated && (list.namespace === undefined || list.namespace === namespace),
    );
  }

  #checkLog(pod: KubernetesObject, query: URLSearchParams): void {
    const container = query.get('container');
    const previous = isTrue(query.get('previous'));
    const { name, namespace } = pod.metadata;
    const isRecorded = this.#logs.some(
      (log) =>
        log.pod === name &&
        log.namespace === namespace &&
        log.previous === previous &&
        // Without a name, the API answers which containers there are.
        (container === null || log.container === container),
    );
    const which = `the ${previous ? 'previous log' : 'log'} of ${container ?? 'a container'} in pod "${name}"`;
    if (!isRecorded) throw this.#notRecorded(`${which} was not read`);
  }

  #addLogs(): void {
    const containers = Map.groupBy(this.#logs, (log) => JSON.stringify([log.namespace, log.pod, log.container]));
    const pod = findByKind('v1', 'Pod');
    for (const logs of containers.values()) {
      const [{ namespace, pod: name, container } = { namespace: '', pod: '', container: '' }] = logs;
      const uid = pod && this.store.get(pod, namespace, name)?.metadata.uid;
      const textOf = (previous: boolean): string | undefined => logs.find((log) => log.previous === previous)?.text;
      if (uid !== undefined) this.logs.set(uid, container, { current: textOf(false), previous: textOf(true) });
    }
  }

  #notRecorded(what: string): StatusError {
    const message = `${what} when the evidence was recorded (${this.#at}), so nothing is known about it`;
    return new StatusError(403, 'NotRecorded', message);
  }
}
