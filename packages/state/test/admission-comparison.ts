import { randomUUID } from 'node:crypto';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import type { Job, Worker } from 'bullmq';
import * as fc from 'fast-check';
import type { AdmissionSettings } from '../src/admission/admission-settings.ts';
import { AdmissionModel, type ModelFault } from './admission-model.ts';
import { type Clock, fault, type TestState } from './state.fixture.ts';

export const settings: fc.Arbitrary<AdmissionSettings> = fc.record({
  global_queue_size: fc.constantFrom(1, 2, 4, 20),
  cluster_queue_size: fc.constantFrom(0, 0, 1, 3),
  queue_overflow_policy: fc.constantFrom('drop', 'reject'),
  dedup_window_seconds: fc.constantFrom(0, 60),
  grouping: fc.constantFrom('workload', 'none'),
  reopen_window: fc.constant(3_600),
  reinvestigate_after: fc.constant(21_600),
  storm_threshold: fc.constant(10),
});

const oneFault = fc.record({
  fingerprint: fc.integer({ min: 0, max: 5 }).map((n) => `f${n}`),
  cluster: fc.constantFrom('c0', 'c0', 'c1', 'c2'),
  severity: fc.constantFrom('warning', 'warning', ...SEVERITIES),
  workload: fc.constantFrom('cart', 'order'),
});

/** One step. `pick` chooses among the incidents that it could apply to; where there is none, nothing happens. */
const pick = fc.nat();
export const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('admit'), faults: fc.array(oneFault, { minLength: 1, maxLength: 5 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end'), pick, state: fc.constantFrom('reported', 'failed') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('requeue'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('split'), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass_window') }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Sent = typeof oneFault extends fc.Arbitrary<infer T> ? T : never;

/** The same observation of Redis and of the model. */
export interface Observation {
  redis: unknown;
  model: unknown;
}

/** Takes the same steps on Redis and on the model, and returns what can be observed of both. */
export class Comparison {
  readonly #state: TestState;
  readonly #model: AdmissionModel;
  readonly #clock: Clock;
  readonly #worker: Worker;
  readonly #running = new Map<string, Job>();
  readonly #grouped: boolean;

  constructor(state: TestState, bounds: AdmissionSettings, clock: Clock, worker: Worker) {
    this.#state = state;
    this.#model = new AdmissionModel(bounds);
    this.#grouped = bounds.grouping !== 'none';
    this.#clock = clock;
    this.#worker = worker;
  }

  /** Takes a step and returns its outcome, undefined for a step without one. */
  async take(step: Step): Promise<Observation | undefined> {
    this.#clock.ms += 1_000;
    switch (step.kind) {
      case 'admit':
        return this.#admit(step.faults);
      case 'start':
        return this.#start();
      case 'end':
        return this.#onRunning(step.pick, async (job, id) => {
          await this.#state.incidents.finish(id, { state: step.state });
          await job.moveToCompleted('done', 'token', false);
          this.#model.end(this.#model.incidents.get(id)!, step.state);
        });
      case 'return':
        return this.#onRunning(step.pick, async (job, id) => {
          await this.#state.incidents.requeued(id, 'cluster unreachable');
          await job.moveToDelayed(Date.now() + 600_000, 'token');
          this.#model.return(this.#model.incidents.get(id)!);
        });
      case 'requeue':
        return this.#requeue(step.pick);
      case 'split':
        return this.#split(step.pick);
      case 'pass_window':
        this.#clock.ms += 60_000;
        return undefined;
      default:
        return step satisfies never;
    }
  }

  /** Returns the waiting incidents, the order in which they start, and the books. */
  async observe(): Promise<Observation> {
    const { redis, queue, keys, intake } = this.#state;
    const prioritized = await redis.zrange(queue.toKey('prioritized'), '0', '-1');
    const delayed = await redis.zrange(queue.toKey('delayed'), '0', '-1');
    const { total } = await intake.read();
    return {
      redis: {
        evictable: sorted(await redis.zrange(keys.waiting(), '0', '-1')),
        jobs: sorted([...prioritized, ...delayed]),
        startOrder: prioritized,
        books: total,
      },
      model: {
        evictable: sorted(this.#model.waiting().map(({ id }) => id)),
        jobs: sorted(this.#model.waiting().map(({ id }) => id)),
        startOrder: this.#model.startOrder().map(({ id }) => id),
        books: this.#model.books,
      },
    };
  }

  async #admit(faults: Sent[]): Promise<Observation> {
    const now = this.#clock.ms;
    const sent = faults.map((one, at) => ({ ...one, id: randomUUID(), received: now + at }));
    // One call of Redis for all of them.
    const redis = await Promise.all(sent.map(async ({ id, ...one }) => this.#state.admission.admit(eventOf(one), id)));
    return { redis, model: sent.map(({ id, ...one }) => this.#model.admit(id, this.#modelFault(one), now)) };
  }

  async #start(): Promise<Observation> {
    const job = await this.#worker.getNextJob('token', { block: false });
    if (job?.id !== undefined) {
      this.#running.set(job.id, job);
      await this.#state.incidents.begin(job.id);
    }
    return { redis: job?.id, model: this.#model.start()?.id };
  }

  async #onRunning(index: number, act: (job: Job, id: string) => Promise<void>): Promise<undefined> {
    const running = [...this.#running];
    const [id, job] = running[index % running.length] ?? [];
    if (id === undefined || job === undefined) return;
    this.#running.delete(id);
    await act(job, id);
  }

  async #requeue(index: number): Promise<Observation | undefined> {
    const incidents = [...this.#model.incidents.values()];
    // Mostly an ended one, and often one with members.
    const preferred = incidents.filter(
      ({ state, members }) => state !== 'queued' && (index % 2 === 0 || members.size > 0),
    );
    const sources = index % 5 === 0 || preferred.length === 0 ? incidents : preferred;
    const source = sources[index % sources.length];
    if (!source) return undefined;
    const incident = await this.#state.incidents.get(source.id);
    const redis = await this.#state.admission.requeue(incident!);
    return { redis, model: this.#model.again(redis.incidentId, source, undefined, this.#clock.ms) };
  }

  async #split(index: number): Promise<Observation | undefined> {
    const members = [...this.#model.incidents.values()].flatMap((source) =>
      [...source.members.values()].map((member) => ({ source, member })),
    );
    const { source, member } = members[index % members.length] ?? {};
    if (!source || !member) return undefined;
    const incident = await this.#state.incidents.get(source.id);
    const listed = incident!.members.find(({ faultId }) => faultId === member.fingerprint);
    const redis = await this.#state.admission.splitOff(incident!, listed!);
    return { redis, model: this.#model.again(redis.incidentId, source, member, this.#clock.ms) };
  }

  #modelFault({ workload, ...one }: { workload: string } & Omit<ModelFault, 'group'>): ModelFault {
    return { ...one, group: this.#grouped ? workload : undefined };
  }
}

function eventOf({
  fingerprint,
  cluster,
  severity,
  workload,
  received,
}: Omit<ModelFault, 'group'> & { workload: string }): ClusterEvent {
  const received_at = new Date(received).toISOString();
  return fault({ id: fingerprint, cluster, severity, received_at, pod: `${workload}-0` });
}

function sorted(ids: string[]): string[] {
  return ids.toSorted((a, b) => a.localeCompare(b));
}
