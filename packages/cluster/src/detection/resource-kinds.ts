import { z } from 'zod';

/**
 * The Kubernetes objects that polling looks at: how to list them and the few fields that detection needs. Everything
 * else is thrown away at once; a large cluster has tens of thousands of pods.
 */

const text = z.string().nullish();

const Meta = z.object({ name: z.string().min(1), namespace: text, uid: text, deletionTimestamp: text });
const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: text,
  lastTransitionTime: text,
});
const conditions = z.array(Condition).nullish();
export type Condition = z.infer<typeof Condition>;

const Terminated = z.object({ exitCode: z.number(), reason: text, message: text, finishedAt: text });
export type Terminated = z.infer<typeof Terminated>;

const ContainerState = z.object({
  waiting: z.object({ reason: text, message: text }).nullish(),
  terminated: Terminated.nullish(),
});
const ContainerStatus = z.object({
  name: z.string(),
  restartCount: z.number().nullish(),
  state: ContainerState.nullish(),
  lastState: ContainerState.nullish(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

export const Pod = z.object({
  metadata: Meta,
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

/** An object of which only the conditions matter: Node, Job, Deployment. */
export const Conditioned = z.object({ metadata: Meta, status: z.object({ conditions }).nullish() });
export type Conditioned = z.infer<typeof Conditioned>;

export const WarningEvent = z.object({
  metadata: Meta,
  involvedObject: z.object({
    apiVersion: text,
    kind: z.string().min(1),
    name: z.string().min(1),
    namespace: text,
    uid: text,
    fieldPath: text,
  }),
  type: text,
  reason: z.string().min(1),
  message: text,
  lastTimestamp: text,
  firstTimestamp: text,
  eventTime: text,
  series: z.object({ lastObservedTime: text }).nullish(),
});
export type WarningEvent = z.infer<typeof WarningEvent>;

/** What to ask `resources_list` for. */
export const POLLED_KINDS = {
  events: { apiVersion: 'v1', kind: 'Event', fieldSelector: 'type=Warning' },
  pods: { apiVersion: 'v1', kind: 'Pod' },
  nodes: { apiVersion: 'v1', kind: 'Node' },
  jobs: { apiVersion: 'batch/v1', kind: 'Job' },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment' },
} as const;
export type PolledKind = keyof typeof POLLED_KINDS;

/** What a cluster looked like at one time; a kind that could not be read is missing. */
export interface ClusterSnapshot {
  takenAt: Date;
  events?: WarningEvent[];
  pods?: Pod[];
  nodes?: Conditioned[];
  jobs?: Conditioned[];
  deployments?: Conditioned[];
}
