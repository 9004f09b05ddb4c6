import { listAt, textAt, type KubernetesObject } from '../objects/kubernetes-object.ts';
import { isTrue } from '../request/request-info.ts';
import { StatusError, badRequest } from '../request/status-error.ts';

/** Logs of a container: of its present (or last) instance, and of the instance before. */
export interface ContainerLog {
  current?: string | undefined;
  previous?: string | undefined;
}

/** The logs of all containers of a cluster, by uid of the pod, as on a node. */
export class PodLogs {
  readonly #logs = new Map<string, ContainerLog>();

  set(podUid: string, container: string, log: ContainerLog): void {
    this.#logs.set(`${podUid}/${container}`, log);
  }

  /** Removes the logs of a pod. */
  forget(podUid: string): void {
    for (const key of this.#logs.keys()) if (key.startsWith(`${podUid}/`)) this.#logs.delete(key);
  }

  /**
   * Answers `GET pods/<name>/log`. Throws the errors of a real API server and kubelet: an unknown or ambiguous
   * container, one that has not started yet, or one that has no previous instance.
   */
  read(pod: KubernetesObject, query: URLSearchParams): string {
    const container = selectContainer(pod, query.get('container'));
    // Without a node there is no kubelet, and the API server returns an empty log.
    if (textAt(pod, 'spec.nodeName') === '') return '';
    const log = this.#logs.get(`${pod.metadata.uid}/${container}`);
    const previous = isTrue(query.get('previous'));
    if (previous && log?.previous === undefined) {
      throw badRequest(`previous terminated container "${container}" in pod "${pod.metadata.name}" not found`);
    }
    if (log?.current === undefined && !previous) rejectWaiting(pod, container);
    return limit((previous ? log?.previous : log?.current) ?? '', query);
  }
}

function selectContainer(pod: KubernetesObject, asked: string | null): string {
  const names = containerNames(pod, 'spec.containers');
  const initNames = containerNames(pod, 'spec.initContainers');
  if (asked) {
    if ([...names, ...initNames].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
  );
}

function containerNames(pod: KubernetesObject, path: string): string[] {
  return listAt(pod, path).map((container) => textAt(container, 'name'));
}

function rejectWaiting(pod: KubernetesObject, container: string): void {
  const status = listAt(pod, 'status.containerStatuses').find((entry) => textAt(entry, 'name') === container);
  const reason = textAt(status, 'state.waiting.reason');
  if (reason === '') return;
  const cause = /Image/.test(reason) ? 'trying and failing to pull image' : reason;
  throw new StatusError(
    400,
    'BadRequest',
    `container "${container}" in pod "${pod.metadata.name}" is waiting to start: ${cause}`,
  );
}

function limit(log: string, query: URLSearchParams): string {
  const tail = query.get('tailLines');
  const bytes = query.get('limitBytes');
  let text = log;
  if (tail !== null) {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    const kept = lines.slice(Math.max(0, lines.length - Number(tail)));
    text = kept.length > 0 ? `${kept.join('\n')}\n` : '';
  }
  return bytes === null ? text : Buffer.from(text).subarray(0, Number(bytes)).toString('utf8');
}
