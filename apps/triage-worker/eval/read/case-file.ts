import { Severity } from '@nightcrier/core/faults/severity';
import { z } from 'zod';

const record = z.record(z.string(), z.unknown());
const Ended = z.looseObject({ exitCode: z.number() });

const Container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  status: z
    .strictObject({
      waiting: record.optional(),
      terminated: Ended.optional(),
      running: z.strictObject({ since: z.string().optional() }).nullish(),
      last: Ended.optional(),
      restarts: z.number().default(0),
      ready: z.boolean().default(false),
    })
    .nullish(),
  logs: z.strictObject({ current: z.string().optional(), previous: z.string().optional() }).optional(),
});
export type CaseContainer = z.infer<typeof Container>;

/** A case as it is written by hand: what differs from a workload of the usual kind. See docs/evaluation.md. */
export const CaseFile = z.looseObject({
  id: z.string(),
  kind: z.string().default(''),
  expected: z.string(),
  /** The cause in our vocabulary, where the answer is to name it. */
  cause: z.string().optional(),
  right: z.array(z.string()).default([]),
  misleading: z.array(z.string()).default([]),
  name: z.string().default('app'),
  namespace: z.string().default('shop'),
  owner: z.enum(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'none']).default('Deployment'),
  age: z.string().default('12m'),
  labels: z.record(z.string(), z.string()).default({}),
  podSpec: record.default({}),
  init: z.array(Container).optional(),
  initDone: z.boolean().default(false),
  containers: z.array(Container).optional(),
  volumes: z.array(record).optional(),
  replicas: z.number().default(1),
  deployment: record.optional(),
  replicaSet: record.optional(),
  workload: record.optional(),
  job: record.optional(),
  stuck: z.boolean().default(false),
  /** What the template was in the revision before. */
  previous: record.optional(),
  previousReplicas: z.number().default(1),
  /** null: the workload has no pod. */
  pod: z.null().optional(),
  phase: z.string().optional(),
  podStatus: record.optional(),
  /** null: no node. */
  node: z.string().nullish(),
  unschedulable: z.string().optional(),
  noStatuses: z.boolean().default(false),
  objects: z.record(z.string(), record).default({}),
  events: z.array(z.string()).default([]),
  logs: z
    .record(z.string(), z.strictObject({ current: z.string().optional(), previous: z.string().optional() }))
    .default({}),
  fault: z.strictObject({
    type: z.string(),
    severity: Severity.optional(),
    about: z.string().default('pod'),
    container: z.string().optional(),
    context: z.string().optional(),
  }),
});
export type CaseFile = z.infer<typeof CaseFile>;
