import { base, fault, healthy, type History, POD, whole } from './history.ts';
import {
  condition,
  deployment,
  event,
  type KubernetesObject,
  node,
  other,
  ownedBy,
  pod,
  type PodOptions,
  replicaSet,
  running,
  terminated,
  time,
  waiting,
} from './objects.ts';

const one = (name: string, state: object, more: object = {}) => ({
  name,
  image: 'i',
  ready: false,
  restartCount: 0,
  state,
  lastState: {},
  ...more,
});

const unscheduled = (since: number, reason: string, message = '') => ({
  phase: 'Pending',
  conditions: [condition('PodScheduled', 'False', since, reason, message)],
});

const leaving = (at: number, more: PodOptions = {}) =>
  pod({ ...more, metadata: { deletionTimestamp: time(at + 30), deletionGracePeriodSeconds: 30 } });

const second = (options: PodOptions = {}) => pod({ name: 'cart-7d4b9c8f6d-k8s9d', ...options });

const starting = (reason: string, since: number, more: PodOptions = {}) =>
  pod({ phase: 'Pending', ready: false, since, created: since, state: waiting(reason), ...more });

/** An Event as the API group events.k8s.io writes it: no count, no first and last time. */
const seriesEvent = (
  about: KubernetesObject,
  reason: string,
  note: string,
  first: number,
  series?: { count: number; last: number },
): KubernetesObject => ({
  ...event(about, reason, note, [first]),
  count: undefined,
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: `${time(first).slice(0, 19)}.123456Z`,
  ...(series && {
    series: { count: series.count, lastObservedTime: `${time(series.last).slice(0, 19)}.654321Z` },
  }),
  source: {},
  reportingComponent: 'default-scheduler',
  reportingInstance: 'default-scheduler-control-plane',
  action: 'Scheduling',
});

const sidecarSpec = {
  initContainers: [{ name: 'proxy', restartPolicy: 'Always', image: 'i' }],
  containers: [{ name: 'app', image: 'i' }],
};

/** What happens to pods: containers of each kind, their ends, their places and their images. */
export const POD_HISTORIES: History[] = [
  {
    name: 'a native sidecar that crashes while the app runs',
    steps: [
      { at: 0, put: healthy },
      {
        at: 20,
        put: [
          pod({
            ready: false,
            since: 20,
            spec: sidecarSpec,
            status: {
              initContainerStatuses: [
                one('proxy', waiting('CrashLoopBackOff'), { restartCount: 3, lastState: terminated(1, 19) }),
              ],
              containerStatuses: [one('app', running(-3600), { ready: true })],
            },
          }),
          event(pod(), 'BackOff', 'Back-off restarting failed container proxy in pod cart', [20], {}),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 20, { severity: 'critical', container: 'proxy' })],
  },
  {
    name: 'a sidecar that is killed because the Job of its pod is done',
    steps: [
      { at: 0, put: base },
      {
        at: 30,
        put: [
          pod({
            name: 'import-x7x7x',
            phase: 'Succeeded',
            ready: false,
            since: 30,
            created: 0,
            owner: ownedBy(other('batch/v1', 'Job', 'import')),
            spec: { ...sidecarSpec, restartPolicy: 'Never' },
            status: {
              initContainerStatuses: [one('proxy', terminated(137, 31))],
              containerStatuses: [one('app', terminated(0, 29))],
              conditions: [condition('Ready', 'False', 30, 'PodCompleted')],
            },
          }),
          other('batch/v1', 'Job', 'import', {
            created: 0,
            status: { succeeded: 1, conditions: [condition('Complete', 'True', 32)] },
          }),
          event(pod({ name: 'import-x7x7x' }), 'Unhealthy', 'Readiness probe failed: connection refused', [30], {
            container: 'proxy',
          }),
        ],
      },
    ],
    wanted: [],
    rest: 700,
  },
  {
    name: 'an init container that works for ten minutes',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          starting('PodInitializing', 0, {
            spec: { initContainers: [{ name: 'migrate', image: 'i' }], containers: [{ name: 'app', image: 'i' }] },
            status: {
              phase: 'Pending',
              conditions: [
                condition('Initialized', 'False', 0, 'ContainersNotInitialized'),
                condition('Ready', 'False', 0, 'ContainersNotReady', 'containers with unready status: [app]'),
              ],
              initContainerStatuses: [one('migrate', running(2), { started: true })],
              containerStatuses: [one('app', waiting('PodInitializing'))],
            },
          }),
        ],
      },
      { at: 590, put: [pod({ since: 592, created: 0, state: running(590) })] },
    ],
    wanted: [],
  },
  {
    name: 'an image of ten gigabytes that is pulled for five minutes',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          starting('ContainerCreating', 0),
          event(pod(), 'Pulling', 'Pulling image "i"', [1], { type: 'Normal' }),
        ],
      },
      { at: 300, put: [pod({ since: 302, created: 0, state: running(300) })] },
    ],
    wanted: [],
  },
  {
    name: 'a pod with a scheduling gate',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            created: 0,
            node: '',
            spec: { schedulingGates: [{ name: 'example.com/quota' }] },
            status: {
              ...unscheduled(0, 'SchedulingGated', 'Scheduling is blocked due to non-empty scheduling gates'),
              containerStatuses: [],
            },
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'an image that cannot be pulled for four minutes, and then can',
    steps: [
      { at: 0, put: [...base, starting('ErrImagePull', 0)] },
      { at: 1, put: [event(pod(), 'Failed', 'Failed to pull image "i": 503', [1], { container: 'app' })] },
      { at: 15, put: [starting('ImagePullBackOff', 0)] },
      { at: 16, put: [event(pod(), 'BackOff', 'Back-off pulling image "i"', [16], { container: 'app' })] },
      { at: 100, put: [starting('ErrImagePull', 0)] },
      { at: 115, put: [starting('ImagePullBackOff', 0)] },
      { at: 240, put: [pod({ since: 242, created: 0, state: running(240) })] },
    ],
    wanted: [fault('ImagePull', 60)],
    rest: 1000,
  },
  {
    name: 'an image that cannot be pulled again after half an hour of health',
    isListed: true,
    steps: [
      { at: 0, put: [...base, starting('ImagePullBackOff', 0)] },
      { at: 100, put: [pod({ since: 102, created: 0, state: running(100) })] },
      {
        at: 1900,
        remove: [pod()],
        put: [second({ phase: 'Pending', ready: false, since: 1900, created: 1900, state: waiting('ErrImagePull') })],
      },
    ],
    wanted: [fault('ImagePull', 60), fault('ImagePull', 1960, { resource: 'Pod/cart-7d4b9c8f6d-k8s9d' })],
  },
  {
    name: 'a pod that is deleted while its image cannot be pulled yet',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          starting('ErrImagePull', 0),
          event(pod(), 'Failed', 'Error: ErrImagePull', [0], { container: 'app' }),
        ],
      },
      { at: 40, put: [leaving(40, { phase: 'Pending', ready: false, since: 0, state: waiting('ImagePullBackOff') })] },
      { at: 42, remove: [pod()] },
      { at: 43, put: [deployment({ replicas: 0 }), replicaSet({ replicas: 0 })] },
    ],
    wanted: [],
  },
  {
    name: 'containers of one pod that end at different times',
    isListed: true,
    steps: [
      { at: 0, put: base },
      {
        at: 60,
        put: [
          other('batch/v1', 'Job', 'import', { created: 0, status: { active: 1 } }),
          pod({
            name: 'import-x7x7x',
            ready: false,
            since: 60,
            created: 0,
            owner: ownedBy(other('batch/v1', 'Job', 'import')),
            spec: { restartPolicy: 'Never', containers: [{ name: 'fetch' }, { name: 'load' }] },
            status: {
              conditions: [
                condition('Ready', 'False', 60, 'ContainersNotReady', 'containers with unready status: [fetch]'),
              ],
              containerStatuses: [one('fetch', terminated(0, 60)), one('load', running(5), { ready: true })],
            },
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a pod that has completed and stays',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            name: 'once',
            phase: 'Succeeded',
            ready: false,
            since: 0,
            state: terminated(0, 0),
            metadata: { ownerReferences: undefined },
            spec: { restartPolicy: 'Never' },
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a Job whose pod was killed for its memory, and whose next pod succeeds',
    isListed: true,
    steps: [
      { at: 0, put: [...base, other('batch/v1', 'Job', 'import', { created: 0, status: { active: 1 } })] },
      {
        at: 20,
        put: [
          pod({
            name: 'import-aaaaa',
            phase: 'Failed',
            ready: false,
            since: 20,
            created: 0,
            owner: ownedBy(other('batch/v1', 'Job', 'import')),
            state: terminated(137, 20, 'OOMKilled'),
            spec: { restartPolicy: 'Never' },
          }),
        ],
      },
      {
        at: 60,
        put: [
          other('batch/v1', 'Job', 'import', {
            created: 0,
            status: { failed: 1, succeeded: 1, conditions: [condition('Complete', 'True', 60)] },
          }),
        ],
      },
    ],
    wanted: [],
  },
  {
    name: 'a program that ends without an error, again and again',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      {
        at: 30,
        put: [
          pod({
            ready: false,
            since: 30,
            restarts: 4,
            state: waiting('CrashLoopBackOff', 'back-off 1m20s'),
            lastState: terminated(0, 30),
          }),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 30, { severity: 'critical' })],
  },
  {
    name: 'a crash loop that ends, and one crash much later',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          pod({
            ready: false,
            since: 10,
            restarts: 2,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(1, 10),
          }),
        ],
      },
      { at: 60, put: [pod({ since: 62, restarts: 3, state: running(60), lastState: terminated(1, 10) })] },
      { at: 3000, put: [pod({ ready: false, since: 3000, restarts: 3, state: terminated(1, 3000) })] },
      { at: 3001, put: [pod({ since: 3003, restarts: 4, state: running(3001), lastState: terminated(1, 3000) })] },
    ],
    wanted: [fault('CrashLoop', 10, { severity: 'critical' })],
    rest: 900,
  },
  {
    name: 'a crash loop in a pod that is being deleted',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          leaving(10, {
            ready: false,
            since: 10,
            restarts: 1,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(143, 10),
          }),
        ],
      },
      { at: 40, remove: [pod()] },
    ],
    wanted: [],
  },
  {
    name: 'a debug container that ends with an error',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          pod({
            spec: { ephemeralContainers: [{ name: 'debugger-abc', image: 'busybox' }] },
            status: { ephemeralContainerStatuses: [one('debugger-abc', terminated(1, 10))] },
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a liveness probe that restarts a container once',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          event(pod(), 'Unhealthy', 'Liveness probe failed: timeout', [10, 30], { container: 'app' }),
          {
            ...event(pod(), 'Killing', 'Container app failed liveness probe, will be restarted', [30], {
              container: 'app',
              type: 'Normal',
            }),
          },
        ],
      },
      { at: 32, put: [pod({ since: 40, restarts: 1, state: running(32), lastState: terminated(137, 31) })] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a command that does not exist in its image',
    steps: [
      { at: 0, put: [...base, starting('ContainerCreating', 0)] },
      {
        at: 5,
        put: [
          pod({
            ready: false,
            since: 0,
            created: 0,
            restarts: 0,
            state: waiting('RunContainerError', 'exec: "srv": executable file not found in $PATH'),
            lastState: terminated(128, 5, 'StartError'),
          }),
          event(pod(), 'Failed', 'Error: failed to create containerd task: exec: "srv"', [5], { container: 'app' }),
        ],
      },
      {
        at: 25,
        put: [
          pod({
            ready: false,
            since: 0,
            created: 0,
            restarts: 2,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(128, 24, 'StartError'),
          }),
          event(pod(), 'BackOff', 'Back-off restarting failed container app in pod cart', [25], { container: 'app' }),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 25, { severity: 'critical' })],
  },
  {
    name: 'a pod that waits for a new node of the cluster autoscaler',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            created: 0,
            node: '',
            status: { ...unscheduled(0, 'Unschedulable', '0/3 nodes'), containerStatuses: [] },
          }),
          seriesEvent(pod(), 'FailedScheduling', '0/3 nodes are available: 3 Insufficient cpu.', 0),
          event(pod(), 'TriggeredScaleUp', 'pod triggered scale-up: [{ng 1->2 (max: 9)}]', [2], { type: 'Normal' }),
        ],
      },
      { at: 150, put: [pod({ since: 160, created: 0, state: running(155) })] },
    ],
    wanted: [fault('Unschedulable', 60, whole)],
    rest: 900,
  },
  {
    name: 'a pod that is preempted, and cannot be placed elsewhere',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          leaving(10, { conditions: [condition('DisruptionTarget', 'True', 10, 'PreemptionByScheduler')] }),
          event(pod(), 'Preempted', 'Preempted by pod 0b1d on node node-1', [10], { type: 'Normal' }),
          second({
            created: 11,
            node: '',
            status: { ...unscheduled(11, 'Unschedulable', '0/1 nodes: Insufficient cpu'), containerStatuses: [] },
          }),
          seriesEvent(second(), 'FailedScheduling', '0/1 nodes are available: 1 Insufficient cpu.', 11),
        ],
      },
      { at: 40, remove: [pod()] },
    ],
    wanted: [fault('Unschedulable', 71, { resource: 'Pod/cart-7d4b9c8f6d-k8s9d', ...whole })],
  },
  {
    name: 'a pod that preempts others and is placed when they have ended',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            created: 0,
            node: '',
            status: { ...unscheduled(0, 'Unschedulable'), nominatedNodeName: 'node-1', containerStatuses: [] },
          }),
          seriesEvent(pod(), 'FailedScheduling', '0/1 nodes are available: preemption: 0/1', 0, { count: 2, last: 20 }),
        ],
      },
      { at: 35, put: [pod({ since: 38, created: 0, state: running(37) })] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a node that is drained',
    steps: [
      { at: 0, put: [...healthy, node('True', -3600, { name: 'node-2' })] },
      {
        at: 5,
        put: [
          {
            ...node('True', -3600),
            spec: {
              unschedulable: true,
              taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: time(5) }],
            },
          },
          leaving(6, {
            conditions: [condition('DisruptionTarget', 'True', 6, 'EvictionByEvictionAPI')],
            ready: false,
            since: 20,
          }),
          second({
            phase: 'Pending',
            ready: false,
            since: 6,
            created: 6,
            node: 'node-2',
            state: waiting('ContainerCreating'),
          }),
          event(pod(), 'Unhealthy', 'Readiness probe failed: connection refused', [10, 30], { container: 'app' }),
        ],
      },
      { at: 36, remove: [pod()], put: [second({ created: 6, since: 30, node: 'node-2', state: running(20) })] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'pods that stay terminating on a dead node, and new ones elsewhere',
    isListed: true,
    steps: [
      { at: 0, put: [...healthy, node('True', -3600, { name: 'node-2' })] },
      { at: 40, put: [node('Unknown', 40), pod({ ready: false, since: 40 })] },
      {
        at: 345,
        put: [
          leaving(345, {
            ready: false,
            since: 40,
            conditions: [condition('DisruptionTarget', 'True', 345, 'DeletionByTaintManager')],
          }),
          event(pod(), 'TaintManagerEviction', 'Marking for deletion Pod shop/cart', [345], { type: 'Normal' }),
          second({ created: 346, since: 350, node: 'node-2', state: running(348) }),
        ],
      },
    ],
    wanted: [fault('NodeUnhealthy', 100, { resource: 'Node/node-1', problem: '/Node%2Fnode-1', ...whole })],
    rest: 900,
  },
  {
    name: 'a node that is deleted before it counts as lost',
    isListed: true,
    steps: [
      { at: 0, put: [...healthy, node('True', -3600, { name: 'node-2' })] },
      { at: 10, put: [node('Unknown', 10, { name: 'node-2' })] },
      { at: 50, remove: [node('True', -3600, { name: 'node-2' })] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a bare pod that crashes again and again',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            name: 'probe',
            metadata: { ownerReferences: undefined },
            ready: false,
            since: 0,
            restarts: 5,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(2, 0),
          }),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 0, { severity: 'critical', resource: 'Pod/probe', problem: 'shop/probe' })],
  },
  {
    name: 'a crash loop of a workload of another controller',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          other('apps/v1', 'ReplicaSet', 'web-5f7b8c9d4', {
            owner: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: 'uid-rollout-web' },
            spec: { replicas: 1, template: { metadata: { labels: { app: 'web' } } } },
            status: { replicas: 1 },
          }),
          pod({
            name: 'web-5f7b8c9d4-m2m2m',
            owner: ownedBy(other('apps/v1', 'ReplicaSet', 'web-5f7b8c9d4')),
            metadata: { labels: { app: 'web' } },
            ready: false,
            since: 0,
            restarts: 3,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(1, 0),
          }),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 0, { severity: 'critical', resource: 'Pod/web-5f7b8c9d4-m2m2m', problem: 'shop/web' })],
  },
  {
    name: 'a container that was killed for its memory, and then crashes again and again',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [pod({ since: 15, restarts: 1, state: running(11), lastState: terminated(137, 10, 'OOMKilled') })],
      },
      {
        at: 60,
        put: [
          pod({
            ready: false,
            since: 60,
            restarts: 2,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(137, 60, 'OOMKilled'),
          }),
        ],
      },
    ],
    wanted: [fault('OOMKilled', 10), fault('CrashLoop', 60, { severity: 'critical' })],
  },
  {
    name: 'Events that come before their pod is known',
    steps: [
      { at: 0, put: base },
      { at: 5, put: [event(pod(), 'FailedMount', 'MountVolume.SetUp failed: configmap "x" not found', [5])] },
      { at: 15, put: [starting('ContainerCreating', 4)] },
      { at: 70, put: [event(pod(), 'FailedMount', 'MountVolume.SetUp failed: configmap "x" not found', [5, 70])] },
    ],
    wanted: [fault('FailedMount', 65, { ...whole, to: 81 })],
  },
  {
    name: 'a pod that waits for a gate of its readiness',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          pod({
            created: 0,
            spec: { readinessGates: [{ conditionType: 'target-health.elbv2.k8s.aws/x' }] },
            status: {
              conditions: [
                condition('ContainersReady', 'True', 5),
                condition('Ready', 'False', 5, 'ReadinessGatesNotReady', 'corresponding condition does not exist'),
              ],
              containerStatuses: [one('app', running(3), { ready: true })],
            },
          }),
        ],
      },
      { at: 45, put: [pod({ since: 45, created: 0, state: running(3) })] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'two init containers, the second of which has no image',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          starting('PodInitializing', 0, {
            spec: { initContainers: [{ name: 'first' }, { name: 'second' }], containers: [{ name: 'app' }] },
            status: {
              phase: 'Pending',
              conditions: [condition('Initialized', 'False', 0), condition('Ready', 'False', 0)],
              initContainerStatuses: [
                one('first', terminated(0, 0), { ready: true }),
                one('second', waiting('ImagePullBackOff', 'Back-off pulling image')),
              ],
              containerStatuses: [one('app', waiting('PodInitializing'))],
            },
          }),
          event(pod(), 'Failed', 'Error: ImagePullBackOff', [0], {}),
        ],
      },
    ],
    wanted: [fault('ImagePull', 60, { container: 'second' })],
  },
  {
    name: 'an image that fails in one pod after another',
    isListed: true,
    steps: [
      { at: 0, put: [...base, starting('ErrImagePull', 0)] },
      {
        at: 40,
        remove: [pod()],
        put: [second({ phase: 'Pending', ready: false, since: 40, created: 40, state: waiting('ErrImagePull') })],
      },
    ],
    wanted: [fault('ImagePull', 60, { resource: 'Pod/cart-7d4b9c8f6d-k8s9d', to: 106 })],
  },
  {
    name: 'a pod that the kubelet rejects after its restart',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          pod({
            status: {
              phase: 'Failed',
              reason: 'OutOfcpu',
              message: "Pod was rejected: Node didn't have enough resource: cpu",
              containerStatuses: [],
              conditions: [],
            },
          }),
          event(pod(), 'OutOfcpu', "Node didn't have enough resource: cpu", [10]),
        ],
      },
    ],
    wanted: [fault('PodRejected', 10, { ...whole, resource: POD })],
  },
  {
    name: 'pods that are ready a moment after their node has come back',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      { at: 40, put: [node('Unknown', 40), pod({ ready: false, since: 40, state: running(-3600) })] },
      { at: 200, put: [node('True', 200)] },
      { at: 215, put: [pod({ since: 215, state: running(-3600) })] },
    ],
    wanted: [fault('NodeUnhealthy', 100, { resource: 'Node/node-1', problem: '/Node%2Fnode-1', ...whole })],
    rest: 900,
  },
  {
    name: 'a registry that fails once, after an init container that worked for ten minutes',
    isListed: true,
    steps: [
      { at: 0, put: base },
      {
        at: 602,
        put: [
          starting('ErrImagePull', 0, {
            spec: { initContainers: [{ name: 'migrate' }], containers: [{ name: 'app' }] },
            status: {
              phase: 'Pending',
              conditions: [
                condition('PodScheduled', 'True', 0),
                condition('Initialized', 'True', 600),
                condition('ContainersReady', 'False', 0, 'ContainersNotReady'),
                condition('Ready', 'False', 0, 'ContainersNotReady'),
              ],
              initContainerStatuses: [one('migrate', terminated(0, 600), { ready: true })],
              containerStatuses: [one('app', waiting('ErrImagePull'))],
            },
          }),
        ],
      },
      { at: 630, put: [pod({ since: 631, created: 0, state: running(630) })] },
    ],
    wanted: [],
  },
  {
    name: 'a volume that is mounted late, and an image that is pulled for long then',
    steps: [
      { at: 0, put: [...base, starting('ContainerCreating', 0)] },
      { at: 2, put: [event(pod(), 'FailedMount', 'MountVolume.SetUp failed: timed out', [2])] },
      {
        at: 20,
        put: [starting('ContainerCreating', 0, { conditions: [condition('PodReadyToStartContainers', 'True', 20)] })],
      },
      { at: 300, put: [pod({ since: 302, created: 0, state: running(300) })] },
    ],
    wanted: [],
  },
  {
    name: 'a bare pod whose init container fails for good',
    isListed: true,
    steps: [
      {
        at: 10,
        put: [
          ...base,
          pod({
            name: 'once',
            phase: 'Failed',
            ready: false,
            since: 10,
            created: 0,
            metadata: { ownerReferences: undefined },
            spec: { restartPolicy: 'Never', initContainers: [{ name: 'prepare' }], containers: [{ name: 'app' }] },
            status: {
              phase: 'Failed',
              conditions: [condition('Ready', 'False', 0, 'PodFailed')],
              initContainerStatuses: [one('prepare', terminated(3, 10))],
              containerStatuses: [one('app', waiting('PodInitializing'))],
            },
          }),
        ],
      },
    ],
    wanted: [fault('PodCrash', 10, { resource: 'Pod/once', container: 'prepare', problem: 'shop/once' })],
  },
  {
    name: 'a gate of the readiness that stays shut',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            created: 0,
            status: {
              conditions: [
                condition('ContainersReady', 'True', 0),
                condition('Ready', 'False', 0, 'ReadinessGatesNotReady', 'corresponding condition does not exist'),
              ],
              containerStatuses: [one('app', running(0), { ready: true })],
            },
          }),
        ],
      },
    ],
    wanted: [fault('ProbeFailure', 300, whole)],
    rest: 400,
  },
  {
    name: 'a pull secret that is missing and not needed',
    steps: [
      { at: 0, put: healthy },
      {
        at: 600,
        put: [event(pod(), 'FailedToRetrieveImagePullSecret', 'Unable to retrieve some image pull secrets', [0, 600])],
      },
    ],
    wanted: [],
  },
  {
    name: 'a hook after the start that fails',
    steps: [
      { at: 0, put: [...base, starting('ContainerCreating', 0)] },
      {
        at: 5,
        put: [
          pod({
            ready: false,
            since: 0,
            created: 0,
            state: waiting('PostStartHookError', 'command exited with 1'),
            lastState: terminated(137, 5),
          }),
          event(pod(), 'FailedPostStartHook', 'PostStartHook failed', [5, 70], { container: 'app' }),
        ],
      },
      {
        at: 30,
        put: [
          pod({
            ready: false,
            since: 0,
            created: 0,
            restarts: 2,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(137, 29),
          }),
          event(pod(), 'BackOff', 'Back-off restarting failed container app in pod cart', [30], { container: 'app' }),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 30, { severity: 'critical' })],
  },
];
