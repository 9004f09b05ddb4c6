import { base, fault, healthy, type History, whole } from './history.ts';
import {
  condition,
  deployment,
  event,
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

const progressing = (since: number, reason = 'ReplicaSetUpdated') =>
  condition('Progressing', reason === 'ProgressDeadlineExceeded' ? 'False' : 'True', since, reason);

const newSet = other('apps/v1', 'ReplicaSet', 'cart-5c6d7f8b9', {
  owner: ownedBy(deployment()),
  spec: { replicas: 1, template: { metadata: { labels: { app: 'cart' } } } },
  status: { replicas: 1 },
});
const newPod = (options: Parameters<typeof pod>[0]) =>
  pod({ name: 'cart-5c6d7f8b9-q1q1q', owner: ownedBy(newSet), ...options });

const job = (status: object, spec: object = {}) =>
  other('batch/v1', 'Job', 'import', { created: 0, spec: { backoffLimit: 3, ...spec }, status });
const jobPod = (name: string, options: Parameters<typeof pod>[0]) =>
  pod({ name, owner: ownedBy(job({})), ...options, spec: { restartPolicy: 'Never', ...options?.spec } });
const ofJob = { resource: 'Job/import', problem: 'shop/import', ...whole };

const statefulSet = (status: object, spec: object = {}) =>
  other('apps/v1', 'StatefulSet', 'db', {
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } } },
      ...spec,
    },
    status: { observedGeneration: 2, replicas: 3, ...status },
  });
const ofDb = { resource: 'StatefulSet/db', problem: 'shop/db', ...whole };

const cronJob = (status: object, spec: object = {}, created = -86_400) =>
  other('batch/v1', 'CronJob', 'backup', { created, spec: { schedule: '*/5 * * * *', ...spec }, status });

const daemonSet = (status: object) =>
  other('apps/v1', 'DaemonSet', 'agent', {
    spec: { selector: { matchLabels: { app: 'agent' } } },
    status: { desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, ...status },
  });

const autoscaler = (conditions: object[]) =>
  other('autoscaling/v2', 'HorizontalPodAutoscaler', 'cart', {
    created: 0,
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' } },
    status: { currentReplicas: 1, conditions },
  });

const service = (spec: object, name = 'cart') =>
  other('v1', 'Service', name, { spec: { type: 'ClusterIP', selector: { app: 'cart' }, ...spec } });

const claim = (status: object, more: object = {}) =>
  other('v1', 'PersistentVolumeClaim', 'data', { created: 0, status, ...more });

/** What happens to workloads, and to what serves them. */
export const WORKLOAD_HISTORIES: History[] = [
  {
    name: 'a rolling update that succeeds slowly',
    steps: [
      { at: 0, put: [...healthy, deployment({ conditions: [progressing(-3600, 'NewReplicaSetAvailable')] })] },
      {
        at: 10,
        put: [
          newSet,
          deployment({ updatedReplicas: 1, unavailableReplicas: 1, conditions: [progressing(10)] }),
          newPod({
            ready: false,
            since: 10,
            created: 10,
            state: running(20),
            probes: { startupProbe: { periodSeconds: 10, failureThreshold: 40 } },
          }),
          event(newPod({}), 'Unhealthy', 'Startup probe failed: connection refused', [25, 200], { container: 'app' }),
        ],
      },
      {
        at: 300,
        put: [
          newPod({ since: 300, created: 10, state: running(20) }),
          pod({ ready: false, since: 301, state: terminated(143, 301), metadata: { deletionTimestamp: time(331) } }),
        ],
      },
      {
        at: 335,
        remove: [pod()],
        put: [deployment({ updatedReplicas: 1, conditions: [progressing(335, 'NewReplicaSetAvailable')] })],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a rollout that exceeds its deadline and is done then',
    isListed: true,
    steps: [
      { at: 0, put: [...healthy, deployment({ conditions: [progressing(0)] })] },
      { at: 600, put: [deployment({ conditions: [progressing(600, 'ProgressDeadlineExceeded')] })] },
      { at: 700, put: [deployment({ conditions: [progressing(700, 'NewReplicaSetAvailable')] })] },
    ],
    wanted: [fault('DeploymentFailure', 600, { severity: 'critical', resource: 'Deployment/cart', ...whole })],
    rest: 900,
  },
  {
    name: 'a rollout that is paused half way',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          newSet,
          {
            ...deployment({
              updatedReplicas: 1,
              conditions: [condition('Progressing', 'Unknown', 0, 'DeploymentPaused')],
            }),
          },
        ],
      },
    ],
    wanted: [],
    rest: 1500,
  },
  {
    name: 'a workload that is scaled to zero, with its Service and its autoscaler',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [...healthy, service({}), autoscaler([condition('ScalingActive', 'True', 0, 'ValidMetricFound')])],
      },
      {
        at: 10,
        put: [
          pod({ ready: false, since: 12, state: terminated(137, 40), metadata: { deletionTimestamp: time(40) } }),
          { ...deployment({ replicas: 0 }), spec: { ...Object(deployment()['spec']), replicas: 0 } },
          { ...replicaSet({ replicas: 0 }), spec: { ...Object(replicaSet()['spec']), replicas: 0 } },
          autoscaler([
            condition('AbleToScale', 'True', 0, 'SucceededGetScale'),
            condition(
              'ScalingActive',
              'False',
              12,
              'ScalingDisabled',
              'scaling is disabled since the replica count is zero',
            ),
          ]),
        ],
      },
      { at: 42, remove: [pod()] },
    ],
    wanted: [
      fault('ScaledToZero', 342, {
        severity: 'info',
        resource: 'Service/cart',
        problem: 'shop/Service%2Fcart',
        ...whole,
      }),
    ],
    rest: 900,
  },
  {
    name: 'an autoscaler that has reached its most replicas',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          autoscaler([
            condition('AbleToScale', 'True', 0, 'ReadyForNewScale'),
            condition('ScalingActive', 'True', 0, 'ValidMetricFound'),
            condition('ScalingLimited', 'True', 0, 'TooManyReplicas'),
          ]),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a new autoscaler that has no metrics yet',
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          autoscaler([condition('ScalingActive', 'False', 0, 'FailedGetResourceMetric')]),
          event(autoscaler([]), 'FailedGetResourceMetric', 'no metrics returned', [0, 90]),
          {
            ...event(autoscaler([]), 'FailedComputeMetricsReplicas', 'invalid metrics (1 invalid out of 1)', [0, 90]),
          },
        ],
      },
      { at: 105, put: [autoscaler([condition('ScalingActive', 'True', 105, 'ValidMetricFound')])] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'an autoscaler whose target is missing',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          other('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
            created: 0,
            spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
            status: {
              conditions: [condition('AbleToScale', 'False', 0, 'FailedGetScale', 'deployments "web" not found')],
            },
          }),
        ],
      },
    ],
    wanted: [
      fault('CannotScale', 60, { resource: 'HorizontalPodAutoscaler/web', problem: 'shop/web', to: 185, ...whole }),
    ],
    rest: 300,
  },
  {
    name: 'a Job that the policy for failed pods ends',
    steps: [
      { at: 0, put: [...base, job({ active: 1 })] },
      {
        at: 20,
        put: [
          jobPod('import-aaaaa', { phase: 'Failed', ready: false, since: 20, created: 0, state: terminated(42, 20) }),
          job({ failed: 1, conditions: [condition('FailureTarget', 'True', 20, 'PodFailurePolicy')] }),
        ],
      },
      {
        at: 22,
        put: [
          job({
            failed: 1,
            conditions: [
              condition('FailureTarget', 'True', 20, 'PodFailurePolicy', 'Container app failed with exit code 42'),
              condition('Failed', 'True', 22, 'PodFailurePolicy', 'Container app failed with exit code 42'),
            ],
          }),
          event(job({}), 'PodFailurePolicy', 'Container app failed with exit code 42 matching FailJob rule', [22]),
        ],
      },
    ],
    wanted: [fault('JobFailure', 20, { ...ofJob, to: 27 })],
    rest: 900,
  },
  {
    name: 'a Job whose policy ignores pods that were evicted',
    isListed: true,
    steps: [
      { at: 0, put: [...base, job({ active: 1 })] },
      {
        at: 20,
        put: [
          jobPod('import-aaaaa', {
            phase: 'Failed',
            ready: false,
            since: 20,
            created: 0,
            state: terminated(137, 20),
            conditions: [condition('DisruptionTarget', 'True', 19, 'EvictionByEvictionAPI')],
            metadata: { deletionTimestamp: time(20) },
          }),
          jobPod('import-bbbbb', { created: 21, since: 25, state: running(23) }),
        ],
      },
      {
        at: 100,
        put: [
          job({
            succeeded: 1,
            conditions: [condition('SuccessCriteriaMet', 'True', 99), condition('Complete', 'True', 100)],
          }),
          jobPod('import-bbbbb', {
            phase: 'Succeeded',
            ready: false,
            since: 98,
            created: 21,
            state: terminated(0, 98),
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'an indexed Job, one index of which fails for good',
    steps: [
      { at: 0, put: [...base, job({ active: 3 }, { completionMode: 'Indexed', backoffLimitPerIndex: 1 })] },
      {
        at: 30,
        put: [
          job({ active: 2, failed: 2, failedIndexes: '1' }, { completionMode: 'Indexed', backoffLimitPerIndex: 1 }),
          jobPod('import-1-aaaaa', { phase: 'Failed', ready: false, since: 30, created: 0, state: terminated(1, 30) }),
        ],
      },
      {
        at: 90,
        put: [
          job(
            {
              failed: 2,
              succeeded: 2,
              failedIndexes: '1',
              conditions: [condition('Failed', 'True', 90, 'FailedIndexes')],
            },
            { completionMode: 'Indexed', backoffLimitPerIndex: 1 },
          ),
          event(job({}), 'FailedIndexes', 'Job has failed indexes', [90]),
        ],
      },
    ],
    wanted: [fault('JobFailure', 90, ofJob)],
    rest: 900,
  },
  {
    name: 'a Job that is suspended',
    isListed: true,
    steps: [
      { at: 0, put: [...base, job({ active: 1 })] },
      {
        at: 20,
        put: [
          job({ conditions: [condition('Suspended', 'True', 20, 'JobSuspended')] }, { suspend: true }),
          jobPod('import-aaaaa', {
            ready: false,
            since: 20,
            state: terminated(137, 50),
            metadata: { deletionTimestamp: time(50) },
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a Job that fails and is removed with its pods at once',
    steps: [
      { at: 0, put: [...base, job({ active: 1 }, { ttlSecondsAfterFinished: 0 })] },
      {
        at: 20,
        put: [
          job({ failed: 4, conditions: [condition('Failed', 'True', 20, 'BackoffLimitExceeded')] }),
          event(job({}), 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', [20]),
        ],
      },
      { at: 21, remove: [job({})] },
    ],
    wanted: [fault('JobFailure', 20, { severity: 'critical', ...ofJob })],
    rest: 900,
  },
  {
    name: 'a Job whose pods the quota refuses',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          job({}),
          event(
            job({}),
            'FailedCreate',
            'Error creating: pods "import-x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10',
            [5],
          ),
        ],
      },
    ],
    wanted: [fault('QuotaExceeded', 5, { severity: 'critical', ...ofJob })],
  },
  {
    name: 'a StatefulSet whose update is stuck at its last pod',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          statefulSet({ readyReplicas: 3, updatedReplicas: 3, currentRevision: 'a', updateRevision: 'a' }),
        ],
      },
      {
        at: 20,
        put: [
          statefulSet({ readyReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' }),
          pod({
            name: 'db-2',
            owner: ownedBy(statefulSet({})),
            metadata: { labels: { app: 'db' } },
            created: 15,
            ready: false,
            since: 15,
            restarts: 2,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(1, 20),
          }),
        ],
      },
    ],
    wanted: [
      fault('CrashLoop', 20, { severity: 'critical', resource: 'Pod/db-2', problem: 'shop/db' }),
      fault('RolloutStuck', 620, { ...ofDb }),
    ],
    rest: 700,
  },
  {
    name: 'a StatefulSet that is updated on deletion only, and one with a partition',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          statefulSet(
            { readyReplicas: 3, updatedReplicas: 0, currentRevision: 'a', updateRevision: 'b' },
            { updateStrategy: { type: 'OnDelete' } },
          ),
          {
            ...statefulSet(
              { readyReplicas: 3, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
              { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
            ),
            metadata: { ...statefulSet({}).metadata, name: 'db2', uid: 'uid-db2' },
          },
        ],
      },
    ],
    wanted: [],
    rest: 1500,
  },
  {
    name: 'a DaemonSet with a pod on a node where it should not be, and one that is updated slowly',
    isListed: true,
    steps: [
      { at: 0, put: [...base, daemonSet({ numberMisscheduled: 1 })] },
      { at: 100, put: [daemonSet({ updatedNumberScheduled: 1, numberReady: 2, numberUnavailable: 1 })] },
      { at: 400, put: [daemonSet({ updatedNumberScheduled: 3 })] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a CronJob that may not start beside the run that still works',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          cronJob(
            {
              lastScheduleTime: time(-900),
              active: [
                { apiVersion: 'batch/v1', kind: 'Job', name: 'backup-29412345', namespace: 'shop', uid: 'uid-1' },
              ],
            },
            { concurrencyPolicy: 'Forbid' },
          ),
          event(cronJob({}), 'JobAlreadyActive', 'Not starting job because prior execution is running', [0], {
            type: 'Normal',
          }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a daily CronJob of another time zone, half a day after its run',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          // The history begins at 02:00 there.
          cronJob({ lastScheduleTime: time(-84_600) }, { schedule: '30 2 * * *', timeZone: 'America/Los_Angeles' }),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a new CronJob that has not been due yet',
    isListed: true,
    steps: [{ at: 0, put: [...base, cronJob({}, { schedule: '0 3 * * 0' }, 0)] }],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a CronJob that cannot catch up with its missed starts',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          cronJob({ lastScheduleTime: time(-40_000) }),
          event(cronJob({}), 'TooManyMissedTimes', 'too many missed start times: 133', [0, 30]),
        ],
      },
    ],
    wanted: [fault('MissedStart', 0, { resource: 'CronJob/backup', problem: 'shop/backup', ...whole })],
  },
  {
    name: 'a namespace that ends, in which nothing can be created any more',
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          other('v1', 'Namespace', 'shop', {
            namespace: '',
            metadata: { deletionTimestamp: time(0) },
            status: { phase: 'Terminating' },
          }),
          event(
            replicaSet(),
            'FailedCreate',
            'Error creating: pods "cart-x" is forbidden: unable to create new content in namespace shop because it is being terminated',
            [2],
          ),
          replicaSet({
            replicas: 0,
            conditions: [
              condition(
                'ReplicaFailure',
                'True',
                2,
                'FailedCreate',
                'unable to create new content in namespace shop because it is being terminated',
              ),
            ],
          }),
          deployment({
            conditions: [
              condition(
                'ReplicaFailure',
                'True',
                2,
                'FailedCreate',
                'unable to create new content in namespace shop because it is being terminated',
              ),
            ],
          }),
          pod({ ready: false, since: 3, metadata: { deletionTimestamp: time(30) } }),
        ],
      },
      { at: 40, remove: [pod(), replicaSet(), deployment()] },
      { at: 45, remove: [other('v1', 'Namespace', 'shop', { namespace: '' })] },
    ],
    wanted: [],
  },
  {
    name: 'an admission webhook that refuses the pods of a workload',
    steps: [
      {
        at: 5,
        put: [
          ...base,
          replicaSet({ replicas: 0 }),
          event(
            replicaSet(),
            'FailedCreate',
            'Error creating: admission webhook "validate.kyverno.svc-fail" denied the request: policy require-labels',
            [5],
          ),
        ],
      },
    ],
    wanted: [fault('FailedCreate', 5, { severity: 'critical', resource: 'ReplicaSet/cart-7d4b9c8f6d', ...whole })],
  },
  {
    name: 'a Service whose only pods are not ready',
    steps: [
      { at: 0, put: [...healthy, service({})] },
      {
        at: 30,
        put: [
          pod({ ready: false, since: 30, state: running(-3600) }),
          event(pod(), 'Unhealthy', 'Readiness probe failed: HTTP 503', [28, 90], { container: 'app' }),
        ],
      },
    ],
    wanted: [fault('ProbeFailure', 90)],
  },
  {
    name: 'Services that need no endpoints',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...healthy,
          service({ selector: undefined }, 'manual'),
          service({ type: 'ExternalName', externalName: 'db.example.com', selector: undefined }, 'external'),
          service({ clusterIP: 'None' }, 'headless'),
          service({ selector: {} }, 'empty'),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a claim that is lost',
    steps: [
      { at: 0, put: [...healthy, claim({ phase: 'Bound' })] },
      {
        at: 10,
        put: [
          claim({ phase: 'Lost' }),
          event(claim({}), 'ClaimLost', 'Bound claim has lost its PersistentVolume', [10]),
        ],
      },
    ],
    wanted: [
      fault('VolumeLost', 10, {
        severity: 'critical',
        resource: 'PersistentVolumeClaim/data',
        problem: 'shop/PersistentVolumeClaim%2Fdata',
        ...whole,
      }),
    ],
  },
  {
    name: 'a claim that is deleted while a pod uses it',
    isListed: true,
    steps: [
      { at: 0, put: [...healthy, claim({ phase: 'Bound' })] },
      {
        at: 10,
        put: [
          claim(
            { phase: 'Bound' },
            { metadata: { deletionTimestamp: time(10), finalizers: ['kubernetes.io/pvc-protection'] } },
          ),
        ],
      },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a node whose kubelet restarts again and again for a moment',
    isListed: true,
    steps: [
      { at: 0, put: healthy },
      { at: 10, put: [node('False', 10)] },
      { at: 40, put: [node('True', 40)] },
      { at: 70, put: [node('False', 70)] },
      { at: 100, put: [node('True', 100)] },
      { at: 130, put: [node('Unknown', 130)] },
      { at: 160, put: [node('True', 160)] },
    ],
    wanted: [],
    rest: 900,
  },
  {
    name: 'a rollout that is undone after its new pods crash',
    steps: [
      { at: 0, put: healthy },
      {
        at: 10,
        put: [
          newSet,
          newPod({
            ready: false,
            since: 10,
            created: 5,
            restarts: 1,
            state: waiting('CrashLoopBackOff'),
            lastState: terminated(1, 10),
          }),
          event(newPod({}), 'BackOff', 'Back-off restarting failed container app in pod cart', [10], {
            container: 'app',
          }),
        ],
      },
      {
        at: 60,
        remove: [newPod({})],
        put: [{ ...newSet, spec: { ...Object(newSet['spec']), replicas: 0 }, status: { replicas: 0 } }],
      },
    ],
    wanted: [fault('CrashLoop', 10, { severity: 'critical', resource: 'Pod/cart-5c6d7f8b9-q1q1q' })],
    rest: 900,
  },
  {
    name: 'two workloads that fail at the same time',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          deployment({}, 'web'),
          replicaSet({}, 'web'),
          pod({ ready: false, since: 0, restarts: 2, state: waiting('CrashLoopBackOff'), lastState: terminated(1, 0) }),
          pod({
            name: 'web-7d4b9c8f6d-w3w3w',
            owner: ownedBy(replicaSet({}, 'web')),
            metadata: { labels: { app: 'web' } },
            phase: 'Pending',
            ready: false,
            since: 0,
            created: 0,
            state: waiting('InvalidImageName'),
          }),
        ],
      },
    ],
    wanted: [
      fault('CrashLoop', 0, { severity: 'critical' }),
      fault('ImagePull', 0, { resource: 'Pod/web-7d4b9c8f6d-w3w3w', problem: 'shop/web' }),
    ],
  },
  {
    name: 'a StatefulSet of many pods that is updated one by one',
    isListed: true,
    steps: [0, 400, 800, 1200].map((at, updated) => ({
      at,
      put: [
        ...(at === 0 ? base : []),
        statefulSet(
          { replicas: 4, readyReplicas: 3, updatedReplicas: updated, currentRevision: 'a', updateRevision: 'b' },
          { replicas: 4 },
        ),
      ],
    })),
    wanted: [],
    rest: 500,
  },
  {
    name: 'a DaemonSet that makes no progress any more',
    isListed: true,
    steps: [
      { at: 0, put: [...base, daemonSet({ updatedNumberScheduled: 1, numberReady: 2 })] },
      { at: 400, put: [daemonSet({ updatedNumberScheduled: 2, numberReady: 2 })] },
      { at: 700, put: [daemonSet({ updatedNumberScheduled: 2, numberReady: 1 })] },
      { at: 900, put: [daemonSet({ updatedNumberScheduled: 2, numberReady: 2 })] },
    ],
    wanted: [fault('RolloutStuck', 1000, { resource: 'DaemonSet/agent', problem: 'shop/agent', ...whole })],
  },
  {
    name: 'a CronJob that goes on after it was suspended for long',
    isListed: true,
    steps: [
      { at: 0, put: [...base, cronJob({ lastScheduleTime: time(-7200) }, { suspend: true })] },
      { at: 100, put: [cronJob({ lastScheduleTime: time(-7200) }, { suspend: false })] },
      { at: 105, put: [cronJob({ lastScheduleTime: time(0) })] },
      { at: 305, put: [cronJob({ lastScheduleTime: time(300) })] },
    ],
    wanted: [],
    rest: 100,
  },
  {
    name: 'a CronJob whose failed runs are removed at once',
    isListed: true,
    steps: [0, 300, 600].flatMap((start) => {
      const failed = other('batch/v1', 'Job', `backup-${start}`, {
        created: start,
        owner: ownedBy(cronJob({})),
        status: { failed: 1, conditions: [condition('Failed', 'True', start + 20, 'BackoffLimitExceeded')] },
      });
      const status = { lastScheduleTime: time(start), lastSuccessfulTime: time(-300) };
      return [
        { at: start + 20, put: [...(start === 0 ? base : []), cronJob(status), failed] },
        { at: start + 22, remove: [failed] },
      ];
    }),
    wanted: [
      fault('JobFailure', 20, { severity: 'critical', resource: 'Job/backup-0', problem: 'shop/backup', ...whole }),
    ],
  },
  {
    name: 'a service account that comes a moment after its workload',
    steps: [
      {
        at: 0,
        put: [
          ...base,
          replicaSet({ replicas: 0 }),
          event(
            replicaSet(),
            'FailedCreate',
            'Error creating: pods "cart-" is forbidden: error looking up service account shop/cart: serviceaccount "cart" not found',
            [0, 3],
          ),
        ],
      },
      { at: 20, put: [replicaSet(), pod({ created: 20, since: 22, state: running(21) })] },
    ],
    wanted: [],
  },
  {
    name: 'a claim that cannot be enlarged',
    steps: [
      { at: 0, put: [...healthy, claim({ phase: 'Bound' }), event(claim({}), 'VolumeResizeFailed', 'quota', [0])] },
      { at: 70, put: [event(claim({}), 'VolumeResizeFailed', 'quota', [0, 70])] },
    ],
    wanted: [
      fault('VolumeResizeFailed', 70, {
        resource: 'PersistentVolumeClaim/data',
        problem: 'shop/PersistentVolumeClaim%2Fdata',
        ...whole,
      }),
    ],
  },
  {
    name: 'Jobs of one workload: the first is ended by its deadline, the second fails for good',
    isListed: true,
    steps: [
      {
        at: 0,
        put: [
          ...base,
          cronJob({ lastScheduleTime: time(0) }),
          other('batch/v1', 'Job', 'backup-1', {
            created: 0,
            owner: ownedBy(cronJob({})),
            status: { conditions: [condition('Failed', 'True', 0, 'DeadlineExceeded')] },
          }),
        ],
      },
      {
        at: 310,
        put: [
          cronJob({ lastScheduleTime: time(300) }),
          other('batch/v1', 'Job', 'backup-2', {
            created: 300,
            owner: ownedBy(cronJob({})),
            status: { conditions: [condition('Failed', 'True', 310, 'BackoffLimitExceeded')] },
          }),
        ],
      },
    ],
    wanted: [
      fault('JobFailure', 0, { resource: 'Job/backup-1', problem: 'shop/backup', ...whole }),
      fault('JobFailure', 310, { severity: 'critical', resource: 'Job/backup-2', problem: 'shop/backup', ...whole }),
    ],
    rest: 100,
  },
];
