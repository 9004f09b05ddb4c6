import { GROUPINGS } from '../../faults/group-key.ts';
import { choice, integer, seconds } from '../config-fields.ts';

/** The API admits, too: incidents that operators requeue. */
const admission = { used_by: ['ingester', 'api'], live: true } as const;
const worker = { used_by: ['triage-worker'], live: true } as const;

/** Which faults become incidents, and how many of them wait and run. A change applies to what comes next. */
export const queue = {
  global_queue_size: integer(1, 1_000_000)
    .default(1000)
    .meta({
      description: 'Maximum number of waiting incidents.',
      unit: 'incidents',
      env: ['GLOBAL_QUEUE_SIZE'],
      ...admission,
    }),
  cluster_queue_size: integer(0, 1_000_000)
    .default(0)
    .meta({
      description: 'Maximum number of waiting incidents of one cluster. 0: no limit.',
      unit: 'incidents',
      env: ['CLUSTER_QUEUE_SIZE'],
      ...admission,
    }),
  queue_overflow_policy: choice(['drop', 'reject'])
    .default('drop')
    .meta({
      description: 'When the queue is full: drop the oldest incident of the lowest severity, or reject the new one.',
      env: ['QUEUE_OVERFLOW_POLICY'],
      ...admission,
    }),
  dedup_window_seconds: seconds(0, 86_400)
    .default(300)
    .meta({
      description: 'Time in which the same fault is a recurrence of its incident. 0: only while the incident is open.',
      env: ['DEDUP_WINDOW_SECONDS'],
      ...admission,
    }),
  grouping: choice(GROUPINGS)
    .default('workload')
    .meta({
      description: 'Faults of one type that share an incident: those of a workload, of a resource, or none.',
      ...admission,
    }),
  max_queue_age_seconds: seconds(0, 604_800)
    .default(3600)
    .meta({ description: 'Maximum time that an incident waits before it expires. 0: no limit.', ...worker }),
  max_concurrent_agents: integer(1, 1000)
    .default(5)
    .meta({
      description: 'Maximum number of concurrent investigations, over all workers.',
      unit: 'investigations',
      env: ['MAX_CONCURRENT_AGENTS'],
      ...worker,
    }),
  max_agents_per_cluster: integer(0, 1000)
    .default(1)
    .meta({
      description: 'Maximum number of concurrent investigations of one cluster, over all workers. 0: no limit.',
      unit: 'investigations',
      ...worker,
    }),
  max_attempts: integer(1, 20)
    .default(3)
    .meta({
      description: 'Maximum number of attempts at an incident, when workers die or the investigation cannot run.',
      unit: 'attempts',
      ...worker,
    }),
};
