import { base, fault, healthy, type History, whole } from './history.ts';
import { POD_HISTORIES } from './histories-of-pods.ts';
import { WORKLOAD_HISTORIES } from './histories-of-workloads.ts';
import {
  condition,
  deployment,
  event,
  type KubernetesObject,
  node,
  other,
  ownedBy,
  pod,
  replicaSet,
  running,
  terminated,
  time,
  waiting,
} from './objects.ts';

const backOff = (about: KubernetesObject, at: number) =>
  event(about, 'BackOff', 'Back-off restarting failed container app in pod cart', [at], { container: 'app' });

const loop = (at: number, restarts: number) =>
  pod({
    ready: false,
    since: at,
    restarts,
    state: waiting('CrashLoopBackOff', 'back-off 40s'),
    lastState: terminated(1, at),
  });

const unready = (at: number, more: object = {}) => pod({ ready: false, since: at, state: running(-3600), ...more });

const pending = (conditions: object[], created = 0) =>
  pod({ phase: 'Pending', ready: false, since: created, created, state: waiting('ContainerCreating'), conditions });

const job = (conditions: object[], name = 'import', more: object = {}) =>
  other('batch/v1', 'Job', name, { created: 0, status: { conditions, failed: 1 }, ...more });
const limitExceeded = (name: string, at: number) =>
  event(job([], name), 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', [at]);
const cronJob = (status: object, spec: object = {}) =>
  other('batch/v1', 'CronJob', 'backup', { spec: { schedule: '*/5 * * * *', ...spec }, status });
const ofCronJob = ownedBy(cronJob({}));
const claim = (phase: string) => other('v1', 'PersistentVolumeClaim', 'data', { created: 0, status: { phase } });
const usesClaim = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
const service = (name: string, selector: object, created = 0) =>
  other('v1', 'Service', name, { created, spec: { type: 'ClusterIP', selector } });
const statefulSet = (status: object) =>
  other('apps/v1', 'StatefulSet', 'db', {
    spec: { replicas: 1, template: { metadata: { labels: { app: 'db' } } } },
    status: { replicas: 0, ...status },
  });
const jobPod = (name: string, at: number, exitCode: number) =>
  pod({
    name,
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    ready: false,
    since: at,
    state: terminated(exitCode, at),
    owner: ownedBy(job([])),
    spec: { restartPolicy: 'Never' },
  });

/** Each kind of fault, each thing that is none, and the orders in which they show themselves. */
const KIND_HISTORIES: History[] = [
  {
    name: 'a container that crashes again and again',
    steps: [
      { at: 0, put: healthy },
      { at: 10, put: [pod({ ready: false, since: 10, state: terminated(1, 10) })] },
      { at: 12, put: [unready(10, { restarts: 1, state: running(12), lastState: terminated(1, 10) })] },
      {
        at: 20,
        put: [loop(20, 1), event(pod(), 'BackOff', 'Back-off restarting failed container app in pod cart', [20])],
      },
      { at: 40, put: [unready(20, { restarts: 2, state: running(40), lastState: terminated(1, 20) })] },
      { at: 50, put: [loop(50, 2)] },
      {
        at: 700,
        put: [deployment({ conditions: [condition('Progressing', 'False', 700, 'ProgressDeadlineExceeded')] })],
      },
    ],
    wanted: [
      fault('CrashLoop', 20, { severity: 'critical' }),
      fault('DeploymentFailure', 700, { severity: 'critical', resource: 'Deployment/cart', ...whole }),
    ],
  },
  {
    name: 'two pods of one workload that crash',
    steps: [
      { at: 0, put: healthy },
      { at: 20, put: [loop(20, 2)] },
      { at: 30, put: [{ ...loop(30, 2), metadata: pod({ name: 'cart-7d4b9c8f6d-zzzzz' }).metadata }] },
    ],
    wanted: [fault('CrashLoop', 20, { severity: 'critical' })],
  },
  {
    name: 'a rollout replaces the pod of a crash loop by another that crashes',
    steps: [
      { at: 0, put: [...base, loop(0, 3), backOff(pod(), 0)] },
      {
        at: 60,
        remove: [pod()],
        put: [
          { ...loop(60, 2), metadata: pod({ name: 'cart-7d4b9c8f6d-zzzzz' }).metadata },
          backOff(pod({ name: 'cart-7d4b9c8f6d-zzzzz' }), 60),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 0, { severity: 'critical' })],
    rest: 900,
  },
  {
    name: 'one crash, and the container runs again',
    steps: [
      { at: 0, put: healthy },
      { at: 10, put: [pod({ ready: false, since: 10, state: terminated(1, 10) })] },
      { at: 11, put: [pod({ since: 15, restarts: 1, state: running(11), lastState: terminated(1, 10) })] },
    ],
    wanted: [],
  },
  {
    name: 'a container that was killed for its memory and runs again',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [pod({ since: 15, restarts: 1, state: running(11), lastState: terminated(137, 10, 'OOMKilled') })],
      },
    ],
    wanted: [fault('OOMKilled', 10)],
    rest: 2000,
  },
  {
    name: 'a second kill for memory, after the first has recovered',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [pod({ since: 15, restarts: 1, state: running(11), lastState: terminated(137, 10, 'OOMKilled') })],
      },
      {
        at: 1000,
        put: [pod({ since: 1005, restarts: 2, state: running(1001), lastState: terminated(137, 1000, 'OOMKilled') })],
      },
    ],
    wanted: [fault('OOMKilled', 10), fault('OOMKilled', 1000)],
  },
  {
    name: 'a kill for memory before the first observation, and another after it',
    steps: [
      {
        at: 0,
        put: [...base, pod({ since: -900, restarts: 1, lastState: terminated(137, -900, 'OOMKilled') })],
      },
      {
        at: 500,
        put: [
          pod({
            ready: false,
            since: 500,
            restarts: 1,
            state: terminated(137, 500, 'OOMKilled'),
            lastState: terminated(137, -900, 'OOMKilled'),
          }),
        ],
      },
    ],
    since: -60,
    wanted: [fault('OOMKilled', 500)],
  },
  {
    name: 'an image that does not exist',
    steps: [
      { at: 0, put: [...base, pending([])] },
      {
        at: 5,
        put: [
          pod({ phase: 'Pending', ready: false, since: 0, created: 0, state: waiting('ErrImagePull', 'not found') }),
          event(pod(), 'Failed', 'Error: ErrImagePull', [5], { container: 'app' }),
        ],
      },
      {
        at: 20,
        put: [
          pod({
            phase: 'Pending',
            ready: false,
            since: 0,
            created: 0,
            state: waiting('ImagePullBackOff', 'not found'),
          }),
          event(pod(), 'Failed', 'Error: ImagePullBackOff', [5, 20], { container: 'app' }),
        ],
      },
      {
        at: 40,
        put: [
          pod({ phase: 'Pending', ready: false, since: 0, created: 0, state: waiting('ErrImagePull', 'not found') }),
        ],
      },
    ],
    wanted: [fault('ImagePull', 60)],
  },
  {
    name: 'a registry that fails once',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({ phase: 'Pending', ready: false, since: 0, created: 0, state: waiting('ErrImagePull', 'timeout') }),
          event(pod(), 'Failed', 'Error: ErrImagePull', [0], { container: 'app' }),
        ],
      },
      { at: 30, put: [pod({ since: 31, created: 0, state: running(30) })] },
    ],
    wanted: [],
  },
  {
    name: 'an image name that cannot be parsed',
    steps: [
      {
        at: 3,
        put: [
          ...base,
          pod({ phase: 'Pending', ready: false, since: 0, created: 0, state: waiting('InvalidImageName') }),
          event(pod(), 'InspectFailed', 'Failed to apply default image tag', [3], { container: 'app' }),
        ],
      },
    ],
    wanted: [fault('ImagePull', 3)],
  },
  {
    name: 'a ConfigMap that is missing',
    steps: [
      {
        at: 2,
        put: [
          ...base,
          pod({
            phase: 'Pending',
            ready: false,
            since: 0,
            created: 0,
            state: waiting('CreateContainerConfigError', 'configmap "x" not found'),
          }),
          event(pod(), 'Failed', 'Error: configmap "x" not found', [2], { container: 'app' }),
        ],
      },
    ],
    wanted: [fault('ContainerConfigError', 60)],
  },
  {
    name: 'a ConfigMap that comes after the pod',
    steps: [
      {
        at: 2,
        put: [
          ...base,
          pod({ phase: 'Pending', ready: false, since: 0, created: 0, state: waiting('CreateContainerConfigError') }),
          event(pod(), 'Failed', 'Error: configmap "x" not found', [2], { container: 'app' }),
        ],
      },
      { at: 40, put: [pod({ since: 41, created: 0, state: running(40) })] },
    ],
    wanted: [],
  },
  {
    name: 'a pod that fits on no node',
    steps: [
      {
        at: 1,
        put: [
          ...base,
          pod({
            phase: 'Pending',
            ready: false,
            since: 0,
            created: 0,
            node: '',
            status: {
              phase: 'Pending',
              conditions: [condition('PodScheduled', 'False', 0, 'Unschedulable', '0/3 nodes are available')],
            },
          }),
          event(pod(), 'FailedScheduling', '0/3 nodes are available', [1]),
        ],
      },
    ],
    wanted: [fault('Unschedulable', 60, whole)],
  },
  {
    name: 'a pod that waits half a minute for a node',
    steps: [
      {
        at: 1,
        put: [
          ...base,
          pod({
            phase: 'Pending',
            created: 0,
            status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 0, 'Unschedulable')] },
          }),
          event(pod(), 'FailedScheduling', '0/3 nodes are available', [1]),
        ],
      },
      { at: 35, put: [pod({ since: 36, created: 0, state: running(35) })] },
    ],
    wanted: [],
  },
  {
    name: 'a volume that cannot be mounted',
    steps: [
      { at: 0, put: [...base, pending([])] },
      { at: 5, put: [event(pod(), 'FailedMount', 'MountVolume.SetUp failed: secret "x" not found', [5])] },
      { at: 130, put: [event(pod(), 'FailedMount', 'MountVolume.SetUp failed: secret "x" not found', [5, 130])] },
    ],
    wanted: [fault('FailedMount', 65, whole)],
  },
  {
    name: 'a volume that is mounted at the second attempt',
    steps: [
      { at: 0, put: [...base, pending([]), event(pod(), 'FailedMount', 'timed out', [2])] },
      { at: 30, put: [pod({ since: 31, created: 0, state: running(30) })] },
    ],
    wanted: [],
  },
  {
    name: 'a volume that cannot be attached',
    steps: [{ at: 4, put: [...base, pending([]), event(pod(), 'FailedAttachVolume', 'Multi-Attach error', [4])] }],
    wanted: [fault('FailedAttachVolume', 64, whole)],
  },
  {
    name: 'a sandbox that cannot be created',
    steps: [{ at: 4, put: [...base, pending([]), event(pod(), 'FailedCreatePodSandBox', 'plugin failed', [4])] }],
    wanted: [fault('FailedCreatePodSandBox', 64, whole)],
  },
  {
    name: 'a container that is no longer ready',
    steps: [
      { at: 0, put: healthy },
      { at: 30, put: [unready(30), event(pod(), 'Unhealthy', 'Readiness probe failed', [25], { container: 'app' })] },
      { at: 95, put: [event(pod(), 'Unhealthy', 'Readiness probe failed', [25, 95], { container: 'app' })] },
    ],
    wanted: [fault('ProbeFailure', 90)],
  },
  {
    name: 'readiness that fails for a moment',
    steps: [
      { at: 0, put: healthy },
      { at: 30, put: [unready(30), event(pod(), 'Unhealthy', 'Readiness probe failed', [25], { container: 'app' })] },
      { at: 50, put: [pod({ since: 50 })] },
    ],
    wanted: [],
  },
  {
    name: 'a container that starts slowly, as its probes allow',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            ready: false,
            since: 0,
            created: 0,
            state: running(10),
            probes: {
              startupProbe: { periodSeconds: 10, failureThreshold: 30 },
              readinessProbe: { initialDelaySeconds: 20 },
            },
          }),
        ],
      },
      {
        at: 100,
        put: [event(pod(), 'Unhealthy', 'Startup probe failed: connection refused', [15, 100], { container: 'app' })],
      },
      { at: 280, put: [pod({ since: 280, created: 0, state: running(10) })] },
    ],
    wanted: [],
  },
  {
    name: 'a liveness probe that fails for long',
    steps: [
      { at: 0, put: healthy },
      { at: 20, put: [event(pod(), 'Unhealthy', 'Liveness probe failed: HTTP 500', [20], { container: 'app' })] },
      { at: 85, put: [event(pod(), 'Unhealthy', 'Liveness probe failed: HTTP 500', [20, 85], { container: 'app' })] },
    ],
    wanted: [fault('ProbeFailure', 85)],
  },
  {
    name: 'a pod that is terminated with exit code 137',
    steps: [
      { at: 0, put: healthy },
      {
        at: 30,
        put: [pod({ ready: false, since: 30, state: terminated(137, 30), metadata: { deletionTimestamp: time(30) } })],
      },
      { at: 100, remove: [pod()] },
    ],
    wanted: [],
  },
  {
    name: 'a pod that was evicted',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          pod({
            status: {
              phase: 'Failed',
              reason: 'Evicted',
              message: 'The node was low on resource: memory',
              conditions: [condition('DisruptionTarget', 'True', 10)],
              containerStatuses: [],
            },
          }),
          event(pod(), 'Evicted', 'The node was low on resource: memory', [10]),
        ],
      },
    ],
    wanted: [fault('Evicted', 10, whole)],
  },
  {
    name: 'a pod that the kubelet rejects',
    steps: [
      {
        at: 10,
        put: [
          ...base,
          pod({
            created: 9,
            status: {
              phase: 'Failed',
              reason: 'UnexpectedAdmissionError',
              message: 'no GPU',
              containerStatuses: [],
              conditions: [],
            },
          }),
          event(pod(), 'UnexpectedAdmissionError', 'no GPU', [10]),
        ],
      },
    ],
    wanted: [fault('PodRejected', 10, whole)],
  },
  {
    name: 'pods that end because their node is shut down',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          pod({
            status: {
              phase: 'Failed',
              reason: 'Terminated',
              containerStatuses: [],
              conditions: [condition('DisruptionTarget', 'True', 10)],
            },
          }),
        ],
      },
    ],
    wanted: [],
  },
  {
    name: 'an init container that fails again and again',
    steps: [
      {
        at: 10,
        put: [
          ...base,
          pod({
            phase: 'Pending',
            ready: false,
            since: 0,
            created: 0,
            spec: { initContainers: [{ name: 'migrate' }] },
            status: {
              phase: 'Pending',
              conditions: [condition('Ready', 'False', 0)],
              initContainerStatuses: [
                {
                  name: 'migrate',
                  ready: false,
                  restartCount: 2,
                  state: waiting('CrashLoopBackOff'),
                  lastState: terminated(1, 10),
                },
              ],
              containerStatuses: [
                { name: 'app', ready: false, restartCount: 0, state: waiting('PodInitializing'), lastState: {} },
              ],
            },
          }),
          event(pod(), 'BackOff', 'Back-off restarting failed container migrate in pod cart', [10]),
        ],
      },
    ],
    wanted: [fault('CrashLoop', 10, { severity: 'critical', container: 'migrate' })],
  },
  {
    name: 'a sidecar that is not ready',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          pod({
            ready: false,
            since: 0,
            created: 0,
            spec: { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }], containers: [{ name: 'app' }] },
            status: {
              phase: 'Running',
              conditions: [condition('Ready', 'False', 0, 'ContainersNotReady')],
              initContainerStatuses: [
                { name: 'proxy', ready: false, restartCount: 0, state: running(3), lastState: {} },
              ],
              containerStatuses: [{ name: 'app', ready: true, restartCount: 0, state: running(4), lastState: {} }],
            },
          }),
          event(pod(), 'Unhealthy', 'Readiness probe failed: connection refused', [5]),
        ],
      },
    ],
    wanted: [fault('ProbeFailure', 63, { container: 'proxy' })],
  },
  {
    name: 'a quota that refuses the pods of a rollout',
    steps: [
      { at: 0, put: base },
      {
        at: 5,
        put: [
          replicaSet({
            replicas: 0,
            conditions: [
              condition('ReplicaFailure', 'True', 5, 'FailedCreate', 'pods "x" is forbidden: exceeded quota: q'),
            ],
          }),
          event(replicaSet(), 'FailedCreate', 'Error creating: pods "x" is forbidden: exceeded quota: q', [5]),
        ],
      },
      {
        at: 6,
        put: [
          deployment({ conditions: [condition('ReplicaFailure', 'True', 6, 'FailedCreate', 'exceeded quota: q')] }),
        ],
      },
    ],
    wanted: [
      fault('QuotaExceeded', 5, { severity: 'critical', resource: 'ReplicaSet/cart-7d4b9c8f6d', ...whole }),
      fault('DeploymentFailure', 6, { severity: 'critical', resource: 'Deployment/cart', ...whole }),
    ],
  },
  {
    name: 'a StatefulSet whose pod admission refuses',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          statefulSet({}),
          event(
            statefulSet({}),
            'FailedCreate',
            'create Pod db-0 in StatefulSet db failed: pods "db-0" is forbidden: violates PodSecurity',
            [5],
          ),
        ],
      },
    ],
    wanted: [
      fault('FailedCreate', 5, { severity: 'critical', resource: 'StatefulSet/db', problem: 'shop/db', ...whole }),
    ],
  },
  {
    name: 'a creation that fails while the API server restarts',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          statefulSet({}),
          event(statefulSet({}), 'FailedCreate', 'create Pod db-0 failed: connection refused', [5]),
        ],
      },
      { at: 20, put: [statefulSet({ replicas: 1, readyReplicas: 1 })] },
    ],
    wanted: [],
  },
  {
    name: 'a StatefulSet that does not become ready',
    steps: [{ at: 0, put: [...base, statefulSet({ replicas: 1 })] }],
    wanted: [fault('RolloutStuck', 600, { resource: 'StatefulSet/db', problem: 'shop/db', ...whole })],
    rest: 700,
  },
  {
    name: 'a DaemonSet that lacks pods for a while',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          other('apps/v1', 'DaemonSet', 'agent', {
            status: { desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 2 },
          }),
        ],
      },
      {
        at: 300,
        put: [
          other('apps/v1', 'DaemonSet', 'agent', {
            status: { desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3 },
          }),
        ],
      },
    ],
    wanted: [],
    rest: 700,
  },
  {
    name: 'a Job that fails for good',
    steps: [
      { at: 0, put: [...base, job([])] },
      { at: 10, put: [jobPod('import-aaaaa', 10, 1)] },
      { at: 30, put: [jobPod('import-bbbbb', 30, 1)] },
      {
        at: 35,
        put: [
          job([condition('Failed', 'True', 35, 'BackoffLimitExceeded')]),
          event(job([]), 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', [35]),
        ],
      },
    ],
    wanted: [
      fault('JobFailure', 35, { severity: 'critical', resource: 'Job/import', problem: 'shop/import', ...whole }),
    ],
  },
  {
    name: 'a Job whose retry succeeds',
    steps: [
      { at: 0, put: [...base, job([])] },
      { at: 10, put: [jobPod('import-aaaaa', 10, 1)] },
      { at: 30, put: [jobPod('import-bbbbb', 30, 0), job([condition('Complete', 'True', 30)])] },
    ],
    wanted: [],
  },
  {
    name: 'a Job that its deadline ends',
    steps: [
      {
        at: 10,
        put: [
          ...base,
          job([condition('Failed', 'True', 10, 'DeadlineExceeded')]),
          event(job([]), 'DeadlineExceeded', 'Job was active longer than specified deadline', [10]),
        ],
      },
    ],
    wanted: [fault('JobFailure', 10, { resource: 'Job/import', problem: 'shop/import', ...whole })],
  },
  {
    name: 'a CronJob whose run fails, whose next one fails, and that succeeds then',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          cronJob({ lastScheduleTime: time(0) }),
          job([condition('Failed', 'True', 20, 'BackoffLimitExceeded')], 'backup-29412360', { owner: ofCronJob }),
          limitExceeded('backup-29412360', 20),
        ],
      },
      {
        at: 320,
        put: [
          cronJob({ lastScheduleTime: time(300) }),
          job([condition('Failed', 'True', 320, 'BackoffLimitExceeded')], 'backup-29412365', { owner: ofCronJob }),
          limitExceeded('backup-29412365', 320),
        ],
      },
      { at: 620, put: [cronJob({ lastScheduleTime: time(600), lastSuccessfulTime: time(615) })] },
      {
        at: 920,
        put: [
          cronJob({ lastScheduleTime: time(900), lastSuccessfulTime: time(615) }),
          job([condition('Failed', 'True', 920, 'BackoffLimitExceeded')], 'backup-29412375', { owner: ofCronJob }),
          limitExceeded('backup-29412375', 920),
        ],
      },
    ],
    wanted: [
      fault('JobFailure', 0, {
        severity: 'critical',
        resource: 'Job/backup-29412360',
        problem: 'shop/backup',
        to: 25,
        ...whole,
      }),
      fault('JobFailure', 920, {
        severity: 'critical',
        resource: 'Job/backup-29412375',
        problem: 'shop/backup',
        ...whole,
      }),
    ],
  },
  {
    name: 'a CronJob that starts nothing any more',
    steps: [{ at: 10, put: [...base, cronJob({ lastScheduleTime: time(0) })] }],
    wanted: [fault('MissedStart', 420, { resource: 'CronJob/backup', problem: 'shop/backup', ...whole })],
    rest: 500,
  },
  {
    name: 'a CronJob that is suspended',
    steps: [{ at: 10, put: [...base, cronJob({ lastScheduleTime: time(0) }, { suspend: true })] }],
    wanted: [],
    rest: 500,
  },
  {
    name: 'a claim that cannot be provisioned, and the pod that waits for it',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          claim('Pending'),
          event(claim('Pending'), 'ProvisioningFailed', 'storageclass "fast" not found', [5]),
          pod({
            phase: 'Pending',
            created: 0,
            spec: usesClaim,
            status: {
              phase: 'Pending',
              conditions: [
                condition('PodScheduled', 'False', 5, 'Unschedulable', 'unbound immediate PersistentVolumeClaims'),
              ],
            },
          }),
          event(pod(), 'FailedScheduling', 'pod has unbound immediate PersistentVolumeClaims', [5]),
        ],
      },
    ],
    wanted: [
      fault('ProvisioningFailed', 65, { resource: 'PersistentVolumeClaim/data', ...whole }),
      fault('Unschedulable', 65, whole),
    ],
  },
  {
    name: 'a claim that waits for its first consumer',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          claim('Pending'),
          event(claim('Pending'), 'WaitForFirstConsumer', 'waiting', [5, 120], { type: 'Normal' }),
        ],
      },
    ],
    wanted: [],
  },
  {
    name: 'a node that dies, with its pods',
    steps: [
      { at: 0, put: healthy },
      { at: 40, put: [node('Unknown', 40)] },
      { at: 41, put: [unready(41), event(pod(), 'NodeNotReady', 'Node is not ready', [41])] },
    ],
    wanted: [fault('NodeUnhealthy', 100, { resource: 'Node/node-1', problem: '/Node%2Fnode-1', ...whole })],
  },
  {
    name: 'a node whose kubelet says that it is not ready',
    steps: [
      { at: 0, put: healthy },
      { at: 40, put: [node('False', 40)] },
    ],
    wanted: [
      fault('NodeUnhealthy', 100, {
        severity: 'critical',
        resource: 'Node/node-1',
        problem: '/Node%2Fnode-1',
        ...whole,
      }),
    ],
  },
  {
    name: 'a node that joins and has no network yet',
    steps: [
      { at: 0, put: [...healthy, node('False', 0, { name: 'node-9', created: 0 })] },
      { at: 100, put: [node('True', 100, { name: 'node-9', created: 0 })] },
    ],
    wanted: [],
  },
  {
    name: 'a node that joins and never becomes ready',
    steps: [{ at: 0, put: [...healthy, node('False', 0, { name: 'node-9', created: 0 })] }],
    wanted: [
      fault('NodeUnhealthy', 300, {
        severity: 'critical',
        resource: 'Node/node-9',
        problem: '/Node%2Fnode-9',
        ...whole,
      }),
    ],
    rest: 400,
  },
  {
    name: 'a node under pressure',
    steps: [
      { at: 0, put: healthy },
      { at: 10, put: [node('True', -3600, { more: [condition('DiskPressure', 'True', 10)] })] },
    ],
    wanted: [fault('NodeUnhealthy', 70, { resource: 'Node/node-1', problem: '/Node%2Fnode-1', ...whole })],
  },
  {
    name: 'an autoscaler without metrics',
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          other('autoscaling/v2', 'HorizontalPodAutoscaler', 'cart-hpa', {
            spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' } },
            status: { conditions: [condition('ScalingActive', 'False', 0, 'FailedGetResourceMetric')] },
          }),
          event(
            other('autoscaling/v2', 'HorizontalPodAutoscaler', 'cart-hpa', {}),
            'FailedGetResourceMetric',
            'failed to get cpu utilization',
            [0],
          ),
        ],
      },
    ],
    wanted: [fault('CannotScale', 180, { resource: 'HorizontalPodAutoscaler/cart-hpa', ...whole })],
    rest: 300,
  },
  {
    name: 'a Service whose selector matches nothing',
    steps: [{ at: 0, put: [...healthy, service('web', { app: 'wbe' }), service('cart', { app: 'cart' })] }],
    wanted: [fault('NoEndpoints', 60, { resource: 'Service/web', problem: 'shop/Service%2Fweb', ...whole })],
  },
  {
    name: 'a Service that is created before its workload',
    steps: [
      { at: 0, put: [node('True', -3600), service('cart', { app: 'cart' })] },
      { at: 30, put: [...healthy, pod({ metadata: { labels: { app: 'cart' } } })] },
    ],
    wanted: [],
  },
  {
    name: 'a quota that is used up',
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          other('v1', 'ResourceQuota', 'team', {
            status: { hard: { pods: '10', 'limits.memory': '2Gi' }, used: { pods: '3', 'limits.memory': '2048Mi' } },
          }),
        ],
      },
    ],
    wanted: [
      fault('QuotaUsedUp', 300, {
        severity: 'info',
        resource: 'ResourceQuota/team',
        problem: 'shop/ResourceQuota%2Fteam',
        ...whole,
      }),
    ],
    rest: 400,
  },
  {
    name: 'a namespace that does not end',
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          other('v1', 'Namespace', 'old', {
            namespace: '',
            metadata: { deletionTimestamp: time(0) },
            status: { phase: 'Terminating', conditions: [condition('NamespaceFinalizersRemaining', 'True', 5)] },
          }),
        ],
      },
    ],
    wanted: [fault('NamespaceStuck', 300, { resource: 'Namespace/old', problem: '/Namespace%2Fold', ...whole })],
    rest: 400,
  },
  {
    name: 'a certificate that is not renewed',
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          other('cert-manager.io/v1', 'Certificate', 'web-tls', {
            status: {
              notBefore: time(-83 * 86_400),
              notAfter: time(7 * 86_400 + 100),
              renewalTime: time(-23 * 86_400),
              conditions: [condition('Ready', 'True', -100)],
            },
          }),
        ],
      },
    ],
    wanted: [
      fault('CertificateExpiry', 100, {
        resource: 'Certificate/web-tls',
        problem: 'shop/Certificate%2Fweb-tls',
        ...whole,
      }),
    ],
  },
  {
    name: 'a Warning Event that is repeated, of an object that shows nothing else',
    steps: [
      { at: 0, put: [...healthy, event(deployment(), 'SyncFailed', 'cannot sync', [0])] },
      { at: 70, put: [event(deployment(), 'SyncFailed', 'cannot sync', [0, 70])] },
    ],
    wanted: [fault('SyncFailed', 70, { resource: 'Deployment/cart', ...whole })],
  },
  {
    name: 'a Warning Event that comes once',
    steps: [{ at: 0, put: [...healthy, event(deployment(), 'SyncFailed', 'cannot sync', [0])] }],
    wanted: [],
  },
  {
    name: 'Events of a pod that is gone',
    steps: [
      { at: 0, put: healthy },
      { at: 10, put: [event(pod({ name: 'cart-7d4b9c8f6d-zzzzz' }), 'FailedMount', 'timed out', [0, 200])] },
    ],
    wanted: [],
  },
  {
    name: 'two containers, one without its image and one without its ConfigMap: two problems',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          pod({
            created: 0,
            status: {
              phase: 'Pending',
              conditions: [condition('Ready', 'False', 0)],
              containerStatuses: [
                { name: 'app', ready: false, restartCount: 0, state: waiting('ErrImagePull'), lastState: {} },
                {
                  name: 'log',
                  ready: false,
                  restartCount: 0,
                  state: waiting('CreateContainerConfigError'),
                  lastState: {},
                },
              ],
            },
          }),
        ],
      },
    ],
    wanted: [
      fault('ImagePull', 60),
      fault('ContainerConfigError', 60, { container: 'log', problem: 'shop/cart#config' }),
    ],
  },
];

export const HISTORIES: History[] = [...KIND_HISTORIES, ...POD_HISTORIES, ...WORKLOAD_HISTORIES];
