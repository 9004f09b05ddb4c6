/** Kubernetes objects as controllers and kubelet write them, at a time in seconds after {@link START}. */

export const START = Date.parse('2026-11-21T10:00:00Z');

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; uid: string; [field: string]: unknown };
  [field: string]: unknown;
}

export const time = (seconds: number): string => `${new Date(START + seconds * 1000).toISOString().slice(0, 19)}Z`;

const LONG_AGO = -30 * 24 * 3600;

function object(
  apiVersion: string,
  kind: string,
  name: string,
  { namespace = 'shop', created = LONG_AGO, owner, ...more }: Options = {},
): KubernetesObject {
  const { metadata, ...fields } = more;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace && { namespace }),
      uid: `uid-${kind.toLowerCase()}-${name}`,
      creationTimestamp: time(created),
      ...(owner && { ownerReferences: [{ ...owner, controller: true }] }),
      ...(typeof metadata === 'object' ? metadata : {}),
    },
    ...fields,
  };
}

interface Options {
  namespace?: string;
  /** s */
  created?: number;
  owner?: { apiVersion: string; kind: string; name: string; uid: string };
  [field: string]: unknown;
}

export const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: KubernetesObject) => ({
  apiVersion,
  kind,
  name,
  uid,
});

export const condition = (type: string, status: string, since: number, reason = '', message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: time(since),
});

const podLabels = { app: 'cart' };

export const deployment = (status: object = {}, name = 'cart') =>
  object('apps/v1', 'Deployment', name, {
    spec: {
      replicas: 1,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } } },
    },
    status: { observedGeneration: 1, replicas: 1, ...status },
  });

export const replicaSet = (status: object = {}, name = 'cart') =>
  object('apps/v1', 'ReplicaSet', `${name}-7d4b9c8f6d`, {
    owner: ownedBy(deployment({}, name)),
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } } } },
    status: { replicas: 1, ...status },
  });

export const running = (started: number) => ({ running: { startedAt: time(started) } });
export const waiting = (reason: string, message = reason) => ({ waiting: { reason, message } });
export const terminated = (exitCode: number, finished: number, reason = exitCode === 0 ? 'Completed' : 'Error') => ({
  terminated: { exitCode, reason, startedAt: time(finished - 5), finishedAt: time(finished) },
});

export interface PodOptions extends Options {
  name?: string;
  phase?: string;
  /** Since when the condition Ready is what it is, s. */
  since?: number;
  ready?: boolean;
  restarts?: number;
  state?: object;
  lastState?: object;
  node?: string;
  probes?: object;
  conditions?: object[];
  container?: string;
  status?: object;
  spec?: object;
}

/** A pod of the Deployment `cart`, with one container. */
export function pod(options: PodOptions = {}): KubernetesObject {
  const { name = 'cart-7d4b9c8f6d-x2vbq', phase = 'Running', ready = true, since = LONG_AGO, restarts = 0 } = options;
  const { state = running(since), lastState = {}, node = 'node-1', probes = {}, container = 'app' } = options;
  const {
    conditions = [],
    status = {},
    spec = {},
    created = LONG_AGO,
    owner = ownedBy(replicaSet()),
    metadata,
  } = options;
  const condition_ = ready ? 'True' : 'False';
  return object('v1', 'Pod', name, {
    created,
    owner,
    metadata: { labels: podLabels, ...(typeof metadata === 'object' ? metadata : {}) },
    spec: {
      nodeName: node,
      restartPolicy: 'Always',
      containers: [{ name: container, image: 'i', ...probes }],
      ...spec,
    },
    status: {
      phase,
      conditions: [
        condition('ContainersReady', condition_, since, ready ? '' : 'ContainersNotReady'),
        condition(
          'Ready',
          condition_,
          since,
          ready ? '' : 'ContainersNotReady',
          `containers with unready status: [${container}]`,
        ),
        ...conditions,
      ],
      containerStatuses: [{ name: container, image: 'i', ready, restartCount: restarts, state, lastState }],
      ...status,
    },
  });
}

export const node = (
  ready: string,
  since: number,
  { name = 'node-1', created = LONG_AGO, more = [] as object[] } = {},
) =>
  object('v1', 'Node', name, {
    namespace: '',
    created,
    status: {
      conditions: [
        condition(
          'Ready',
          ready,
          since,
          ready === 'True' ? 'KubeletReady' : 'KubeletNotReady',
          'container runtime is down',
        ),
        ...more,
      ],
    },
  });

export const other = object;

/** A Warning Event, first and last seen at these seconds. */
export function event(
  about: KubernetesObject,
  reason: string,
  message: string,
  [first, last = first]: [number, number?],
  { container, type = 'Warning' }: { container?: string; type?: string } = {},
): KubernetesObject {
  const { apiVersion, kind, metadata } = about;
  const { name, namespace, uid } = metadata;
  return object('v1', 'Event', `${name}.${reason.toLowerCase()}`, {
    namespace: namespace ?? 'default',
    involvedObject: {
      apiVersion,
      kind,
      name,
      uid,
      ...(namespace && { namespace }),
      ...(container && { fieldPath: `spec.containers{${container}}` }),
    },
    type,
    reason,
    message,
    count: last > first ? 5 : 1,
    firstTimestamp: time(first),
    lastTimestamp: time(last),
    eventTime: null,
    source: { component: 'kubelet' },
  });
}
