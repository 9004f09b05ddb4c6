import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { silentLogger } from '@nightcrier/core/logger';
import * as fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { Spool } from '../src/spool/spool.ts';
import { limitFileSize, whyNoQuota } from './disk-quota.ts';

type Step =
  | { kind: 'faults'; cluster: string; count: number }
  | { kind: 'redis'; is: RedisState }
  | { kind: 'disk'; limit: number | undefined }
  | { kind: 'turns'; count: number }
  | { kind: 'retry' }
  | { kind: 'restart' };

/** `forgets`: admits, and the answer is lost. */
type RedisState = 'answering' | 'refusing' | 'forgetting' | 'silent';

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('faults' as const),
      cluster: fc.constantFrom('alpha', 'beta'),
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('redis' as const),
      is: fc.constantFrom<RedisState>('answering', 'refusing', 'forgetting', 'silent'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disk' as const),
      limit: fc.option(fc.integer({ min: 0, max: 4_000 }), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'retry' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restart' }) },
);

/** Admission as Redis does it: in the order of the calls, and once for each incident id. */
class ModelRedis {
  state: RedisState = 'answering';
  calls = 0;
  /** The faults in the order in which they were admitted first. */
  readonly admitted: ClusterEvent[] = [];
  readonly #ids = new Set<string>();
  #silent: (() => void)[] = [];

  readonly admit = async (event: ClusterEvent, incidentId: string): Promise<AdmissionOutcome> => {
    this.calls += 1;
    if (this.state === 'silent') await new Promise<void>((resolve) => this.#silent.push(resolve));
    if (this.state === 'refusing') throw new Error('Redis is unreachable');
    const isNew = !this.#ids.has(incidentId);
    if (isNew) this.admitted.push(event);
    this.#ids.add(incidentId);
    if (this.state === 'forgetting') throw new Error('Connection is closed');
    return isNew ? { kind: 'queued', incidentId, evicted: [] } : { kind: 'resent', incidentId };
  };

  become(state: RedisState): void {
    this.state = state;
    if (state === 'silent') return;
    const waiting = this.#silent;
    this.#silent = [];
    for (const resolve of waiting) resolve();
  }
}

class Run {
  readonly redis = new ModelRedis();
  readonly sent: ClusterEvent[] = [];
  readonly lost = { alpha: 0, beta: 0 };
  readonly #directory: string;
  #spool: Spool;

  constructor(directory: string) {
    this.#directory = directory;
    this.#spool = this.#open();
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'faults':
        for (let count = 0; count < step.count; count += 1) this.#add(step.cluster);
        break;
      case 'redis':
        this.redis.become(step.is);
        break;
      case 'disk':
        limitFileSize(step.limit);
        break;
      case 'turns':
        for (let count = 0; count < step.count; count += 1) await setImmediate();
        break;
      case 'retry': {
        // An outage takes long enough for the spool to try again.
        const before = this.redis.calls;
        const { in_memory } = this.#spool.health();
        if (this.redis.state !== 'silent' && in_memory > 0)
          await vi.waitUntil(() => this.redis.calls > before || this.#spool.health().in_memory === 0, {
            interval: 1,
            timeout: 30_000,
          });
        break;
      }
      case 'restart':
        // A process that stops gives up only when calls fail.
        if (this.redis.state === 'silent') this.redis.become('refusing');
        await this.#spool.close();
        // Without a disk nothing is adopted: then older faults come behind newer ones.
        limitFileSize(undefined);
        this.#spool = this.#open();
    }
    await setImmediate();
  }

  /** Everything works again: waits until no fault is unanswered, also of those that a full disk kept from adoption. */
  async recover(): Promise<void> {
    limitFileSize(undefined);
    this.redis.become('answering');
    for (let starts = 0; starts < 2; starts += 1) {
      await vi.waitUntil(() => this.#isIdle(), { timeout: 30_000, interval: 2 });
      await this.#spool.close();
      if (starts === 0) this.#spool = this.#open();
    }
  }

  #isIdle(): boolean {
    const { in_memory, disk_bytes } = this.#spool.health();
    return in_memory === 0 && disk_bytes === 0;
  }

  #add(cluster: string): void {
    const name = `fault-${this.sent.length}`;
    const resource = { apiVersion: 'v1', kind: 'Pod', name };
    const timestamp = '2026-11-21T10:00:00Z';
    const event: ClusterEvent = {
      cluster_name: cluster,
      labels: {},
      event: { faultId: name, faultType: 'CrashLoop', severity: 'critical', resource, timestamp },
      source: 'subscription',
      received_at: timestamp,
    };
    this.sent.push(event);
    this.#spool.add(event);
  }

  #open(): Spool {
    const spool = new Spool({
      admit: this.redis.admit,
      onOutcome: () => undefined,
      onLost: (cluster) => (this.lost[cluster === 'beta' ? 'beta' : 'alpha'] += 1),
      logger: silentLogger,
      directory: this.#directory,
      maxBytes: 20_000,
      memoryCapacity: 30,
      diskRetry: 1,
      patience: 5,
      longestRetry: 2,
    });
    spool.start();
    return spool;
  }
}

const namesOf = (events: ClusterEvent[], cluster: string): string[] =>
  events.filter(({ cluster_name }) => cluster_name === cluster).map(({ event }) => event.faultId);

afterEach(() => {
  if (whyNoQuota === undefined) limitFileSize(undefined);
});

test.skipIf(whyNoQuota !== undefined)(
  'whatever fails in whatever order, each cluster’s faults are admitted in order, once each, and none is lost uncounted',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 25 }), async (steps) => {
        const directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-spool-order-'));
        try {
          const run = new Run(directory);
          for (const step of steps) await run.take(step);
          await run.recover();
          for (const cluster of ['alpha', 'beta'] as const) {
            const sent = namesOf(run.sent, cluster);
            const admitted = namesOf(run.redis.admitted, cluster);
            expect(admitted).toEqual(sent.filter((name) => admitted.includes(name)));
            // A fault whose answer was lost may be admitted and, where the disk failed too, counted as lost.
            const counted = admitted.length + run.lost[cluster];
            const uncertain = steps.some((step) => step.kind === 'redis' && step.is === 'forgetting');
            expect(uncertain ? Math.min(counted, sent.length) : counted).toBe(sent.length);
          }
          expect(readdirSync(directory)).toEqual([]);
        } finally {
          limitFileSize(undefined);
          await rm(directory, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  },
);
