import { randomUUID } from 'node:crypto';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { type Job, Worker } from 'bullmq';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import type { AdmissionSettings } from '../src/admission/admission-settings.ts';
import { disconnect } from '../src/redis/connection.ts';
import { QUEUE_NAME } from '../src/queue/triage-queue.ts';
import { AdmissionModel, type ModelFault, type ModelOutcome } from './admission-model.ts';
import { Clock, fault, openTestState, type TestState, workerConnection } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const settings: fc.Arbitrary<AdmissionSettings> = fc.record({
  global_queue_size: fc.integer({ min: 1, max: 5 }),
  cluster_queue_size: fc.integer({ min: 0, max: 3 }),
  queue_overflow_policy: fc.constantFrom('drop', 'reject'),
  dedup_window_seconds: fc.constantFrom(0, 60),
  grouping: fc.constantFrom('workload', 'none'),
});

const oneFault = fc.record({
  fingerprint: fc.integer({ min: 0, max: 5 }).map((n) => `f${n}`),
  cluster: fc.integer({ min: 0, max: 2 }).map((n) => `c${n}`),
  severity: fc.constantFrom(...SEVERITIES),
  workload: fc.constantFrom('cart', 'order'),
});

/** One step. `pick` chooses among the incidents that it could apply to; where there is none, nothing happens. */
const pick = fc.nat();
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('admit'), faults: fc.array(oneFault, { minLength: 1, maxLength: 5 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end'), pick, state: fc.constantFrom('resolved', 'failed') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('requeue'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('split'), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass_window') }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Takes the same steps on Redis and on the model, and compares what can be seen of them. */
class Comparison {
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

  async take(step: Step): Promise<void> {
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

  /** Compares the waiting incidents, the order of their starts, and the books. */
  async check(): Promise<void> {
    const { redis, queue, keys, intake } = this.#state;
    const byId = (ids: string[]): string[] => ids.toSorted((a, b) => a.localeCompare(b));
    const waiting = await redis.zrange(keys.waiting(), '0', '-1');
    const prioritized = await redis.zrange(queue.toKey('prioritized'), '0', '-1');
    const delayed = await redis.zrange(queue.toKey('delayed'), '0', '-1');
    expect(byId(waiting)).toEqual(byId(this.#model.waiting().map(({ id }) => id)));
    expect(byId([...prioritized, ...delayed])).toEqual(byId(waiting));
    expect(prioritized).toEqual(this.#model.startOrder().map(({ id }) => id));
    expect((await intake.read()).total).toMatchObject(this.#model.books);
  }

  async #admit(faults: (typeof oneFault extends fc.Arbitrary<infer T> ? T : never)[]): Promise<void> {
    const now = this.#clock.ms;
    const sent = faults.map((one, at) => ({ ...one, id: randomUUID(), received: now + at }));
    // One call of Redis for all of them.
    const outcomes = await Promise.all(
      sent.map(async ({ id, ...one }) => this.#state.admission.admit(eventOf(one), id)),
    );
    expect(outcomes).toEqual(sent.map(({ id, ...one }) => this.#model.admit(id, this.#modelFault(one), now)));
  }

  async #start(): Promise<void> {
    const job = await this.#worker.getNextJob('token', { block: false });
    expect(job?.id).toBe(this.#model.start()?.id);
    if (job?.id === undefined) return;
    this.#running.set(job.id, job);
    await this.#state.incidents.begin(job.id);
  }

  async #onRunning(index: number, act: (job: Job, id: string) => Promise<void>): Promise<void> {
    const running = [...this.#running];
    const [id, job] = running[index % running.length] ?? [];
    if (id === undefined || job === undefined) return;
    this.#running.delete(id);
    await act(job, id);
  }

  async #requeue(index: number): Promise<void> {
    const sources = [...this.#model.incidents.values()];
    const source = sources[index % sources.length];
    if (!source) return;
    const incident = await this.#state.incidents.get(source.id);
    const outcome = await this.#state.admission.requeue(incident!);
    expect(outcome).toEqual(
      this.#model.again(outcome.incidentId, source, undefined, this.#clock.ms) satisfies ModelOutcome,
    );
  }

  async #split(index: number): Promise<void> {
    const members = [...this.#model.incidents.values()].flatMap((source) =>
      [...source.members.values()].map((member) => ({ source, member })),
    );
    const { source, member } = members[index % members.length] ?? {};
    if (!source || !member) return;
    const incident = await this.#state.incidents.get(source.id);
    const listed = incident!.members.find(({ faultId }) => faultId === member.fingerprint);
    const outcome = await this.#state.admission.splitOff(incident!, listed!);
    expect(outcome).toEqual(this.#model.again(outcome.incidentId, source, member, this.#clock.ms));
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

test(
  'admission does what its model does, whatever the order of faults, workers and operators',
  { timeout: 300_000 },
  async () => {
    const property = fc.asyncProperty(
      settings,
      fc.array(step, { minLength: 5, maxLength: 40 }),
      async (bounds, steps) => {
        const clock = new Clock();
        await using state = await openTestState(server.url, bounds, { now: clock.now });
        const connection = workerConnection(state);
        const worker = new Worker(QUEUE_NAME, null, { connection, prefix: state.keys.bullmq, autorun: false });
        const comparison = new Comparison(state, bounds, clock, worker);
        try {
          for (const one of steps) {
            await comparison.take(one);
            await comparison.check();
          }
        } finally {
          await worker.close();
          await disconnect(connection);
        }
      },
    );
    await fc.assert(property, { numRuns: 100 });
  },
);
