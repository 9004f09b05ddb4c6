import { SILENCE_ANNOTATION } from '@nightcrier/core/silences/silence-annotation';
import { ResourceReference } from '@nightcrier/core/faults/fault';
import { z } from 'zod';
import { cleanText } from '../../mcp/wire-text.ts';

/**
 * The Kubernetes objects that detection reads, with the few fields that it needs. Everything else is thrown away when an
 * object is read: a large cluster has tens of thousands of pods.
 */

const text = z.string().nullish();
const number = z.number().nullish();
const texts = z.record(z.string(), z.string()).nullish();

/** As in faults, see `ResourceReference`: what is longer is of no object of Kubernetes, and its incident could not be read. */
const name = ResourceReference.shape.kind.overwrite(printable).min(1);
const namespace = z.string().max(512).overwrite(printable).nullish();
const uid = ResourceReference.shape.uid.nullable();
const apiVersion = z.string().max(256).nullish();

const UNUSUAL = /[^!-~]/;

/** Cleans a name as that of a fault that a server pushes is cleaned. Names of Kubernetes have printable ASCII alone. */
function printable(text: string): string {
  return UNUSUAL.test(text) ? cleanText(text, 512, { lines: false }) : text;
}

const Owner = z.object({
  apiVersion,
  kind: name,
  name,
  uid,
  controller: z.boolean().nullish(),
});
export type Owner = z.infer<typeof Owner>;

export const Meta = z.object({
  name,
  namespace,
  uid,
  creationTimestamp: text,
  deletionTimestamp: text,
  ownerReferences: z.array(Owner).nullish(),
  /** Of the annotations only this one. */
  annotations: z
    .object({ [SILENCE_ANNOTATION]: text })
    .nullish()
    .catch(undefined),
});
export type Meta = z.infer<typeof Meta>;

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: text,
  lastTransitionTime: text,
});
export type Condition = z.infer<typeof Condition>;
const conditions = z.array(Condition).nullish();

const Terminated = z.object({ exitCode: z.number(), reason: text, message: text, finishedAt: text });
export type Terminated = z.infer<typeof Terminated>;

const ContainerState = z.object({
  waiting: z.object({ reason: text, message: text }).nullish(),
  running: z.object({ startedAt: text }).nullish(),
  terminated: Terminated.nullish(),
});
const ContainerStatus = z.object({
  name,
  ready: z.boolean().nullish(),
  restartCount: number,
  state: ContainerState.nullish(),
  lastState: ContainerState.nullish(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

const Probe = z.object({ initialDelaySeconds: number, periodSeconds: number, failureThreshold: number });
const Container = z.object({
  name,
  image: text,
  restartPolicy: text,
  readinessProbe: Probe.nullish(),
  startupProbe: Probe.nullish(),
});
export type Container = z.infer<typeof Container>;

export const Pod = z.object({
  metadata: Meta.extend({ labels: texts }),
  spec: z
    .object({
      nodeName: text,
      restartPolicy: text,
      containers: z.array(Container).nullish(),
      initContainers: z.array(Container).nullish(),
      volumes: z.array(z.object({ persistentVolumeClaim: z.object({ claimName: z.string() }).nullish() })).nullish(),
    })
    .nullish(),
  status: z
    .object({
      phase: text,
      reason: text,
      message: text,
      conditions,
      containerStatuses: z.array(ContainerStatus).nullish(),
      initContainerStatuses: z.array(ContainerStatus).nullish(),
    })
    .nullish(),
});
export type Pod = z.infer<typeof Pod>;

export const Node = z.object({ metadata: Meta, status: z.object({ conditions }).nullish() });
export type Node = z.infer<typeof Node>;

/** `cart:7070`: of the environment, only what can be the address of a Service of the same namespace is kept. */
const ADDRESS = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?:\d{2,5}$/;
const Variable = z.object({ name: z.string(), value: text });

const TemplateContainer = z.object({
  image: text,
  ports: z.array(z.object({ containerPort: number, name: text, protocol: text })).nullish(),
  env: z
    .array(Variable)
    .nullish()
    .transform((variables) => variables?.filter(({ value }) => ADDRESS.test(value ?? ''))),
});

/** Deployment, ReplicaSet, StatefulSet, DaemonSet: what runs pods from a template. */
export const Replicated = z.object({
  metadata: Meta,
  spec: z
    .object({
      replicas: number,
      template: z
        .object({
          metadata: z.object({ labels: texts }).nullish(),
          spec: z.object({ containers: z.array(TemplateContainer).nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  status: z
    .object({
      observedGeneration: number,
      replicas: number,
      readyReplicas: number,
      updatedReplicas: number,
      currentRevision: text,
      updateRevision: text,
      desiredNumberScheduled: number,
      currentNumberScheduled: number,
      updatedNumberScheduled: number,
      numberReady: number,
      conditions,
    })
    .nullish(),
});
export type Replicated = z.infer<typeof Replicated>;

export const Job = z.object({
  metadata: Meta,
  status: z.object({ conditions, active: number, failed: number }).nullish(),
});
export type Job = z.infer<typeof Job>;

export const CronJob = z.object({
  metadata: Meta,
  spec: z.object({ schedule: text, timeZone: text, suspend: z.boolean().nullish(), concurrencyPolicy: text }).nullish(),
  status: z
    .object({ lastScheduleTime: text, lastSuccessfulTime: text, active: z.array(z.unknown()).nullish() })
    .nullish(),
});
export type CronJob = z.infer<typeof CronJob>;

export const PersistentVolumeClaim = z.object({ metadata: Meta, status: z.object({ phase: text }).nullish() });
export type PersistentVolumeClaim = z.infer<typeof PersistentVolumeClaim>;

export const HorizontalPodAutoscaler = z.object({
  metadata: Meta,
  spec: z.object({ scaleTargetRef: z.object({ kind: name.nullish(), name }).nullish() }).nullish(),
  status: z.object({ conditions }).nullish(),
});
export type HorizontalPodAutoscaler = z.infer<typeof HorizontalPodAutoscaler>;

export const Service = z.object({
  metadata: Meta,
  spec: z
    .object({
      type: text,
      selector: texts,
      ports: z
        .array(
          z.object({
            port: number,
            name: text,
            protocol: text,
            targetPort: z.union([z.number(), z.string()]).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});
export type Service = z.infer<typeof Service>;

export const ResourceQuota = z.object({
  metadata: Meta,
  status: z.object({ hard: texts, used: texts }).nullish(),
});
export type ResourceQuota = z.infer<typeof ResourceQuota>;

export const Namespace = z.object({ metadata: Meta, status: z.object({ phase: text, conditions }).nullish() });
export type Namespace = z.infer<typeof Namespace>;

export const Certificate = z.object({
  metadata: Meta,
  status: z.object({ notBefore: text, notAfter: text, renewalTime: text, conditions }).nullish(),
});
export type Certificate = z.infer<typeof Certificate>;

export const WarningEvent = z.object({
  metadata: Meta,
  involvedObject: z.object({
    apiVersion,
    kind: name,
    name,
    namespace,
    uid,
    fieldPath: z.string().max(512).nullish(),
  }),
  type: text,
  reason: name,
  message: text,
  count: number,
  lastTimestamp: text,
  firstTimestamp: text,
  eventTime: text,
  series: z.object({ count: number, lastObservedTime: text }).nullish(),
});
export type WarningEvent = z.infer<typeof WarningEvent>;

interface KindRow {
  apiVersion: string;
  kind: string;
  /** In the paths of the Kubernetes API and in RBAC rules. */
  plural: string;
  schema: z.ZodType<{ metadata: Meta }>;
  fieldSelector?: string;
  /** Not every cluster serves it: missing, it is no gap. */
  optional?: boolean;
}

/**
 * What is listed and watched, in this order. Events first: what an Event shows, the state shows that is read after it. Services
 * before workloads, which name them; owners before pods, so that a pod's workload is known when the pod is read.
 */
export const KINDS = {
  events: { apiVersion: 'v1', kind: 'Event', plural: 'events', schema: WarningEvent, fieldSelector: 'type=Warning' },
  services: { apiVersion: 'v1', kind: 'Service', plural: 'services', schema: Service },
  nodes: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', schema: Node },
  namespaces: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', schema: Namespace },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', schema: Replicated },
  replicasets: { apiVersion: 'apps/v1', kind: 'ReplicaSet', plural: 'replicasets', schema: Replicated },
  statefulsets: { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets', schema: Replicated },
  daemonsets: { apiVersion: 'apps/v1', kind: 'DaemonSet', plural: 'daemonsets', schema: Replicated },
  cronjobs: { apiVersion: 'batch/v1', kind: 'CronJob', plural: 'cronjobs', schema: CronJob },
  jobs: { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', schema: Job },
  pods: { apiVersion: 'v1', kind: 'Pod', plural: 'pods', schema: Pod },
  persistentvolumeclaims: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    schema: PersistentVolumeClaim,
  },
  resourcequotas: { apiVersion: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', schema: ResourceQuota },
  horizontalpodautoscalers: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    schema: HorizontalPodAutoscaler,
  },
  certificates: {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    plural: 'certificates',
    schema: Certificate,
    optional: true,
  },
} as const satisfies Record<string, KindRow>;
export type WatchedKind = keyof typeof KINDS;

/** The object of each kind, as detection keeps it. */
export type ObjectOf<K extends WatchedKind> = z.infer<(typeof KINDS)[K]['schema']>;
export type AnyObject = ObjectOf<WatchedKind>;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a literal
export const WATCHED_KINDS = Object.keys(KINDS) as WatchedKind[];

const BY_KIND: ReadonlyMap<string, WatchedKind> = new Map(WATCHED_KINDS.map((kind) => [KINDS[kind].kind, kind]));

/** The watched kind of objects whose `kind` is this; undefined for all that detection does not read. */
export function watchedKindOf(kind: string): WatchedKind | undefined {
  return BY_KIND.get(kind);
}
