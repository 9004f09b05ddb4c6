import { expect, test } from 'vitest';
import type { DetectionMemory } from '../../src/detection/cluster-detection.ts';
import type { Remembered } from '../../src/detection/known-symptoms.ts';
import { ListPace } from '../../src/backfill/list-pace.ts';
import type { ConnectCrowd } from '../../src/backfill/resync.ts';
import type { Watermark, WatermarkMemory } from '../../src/backfill/watermark.ts';
import type { ClusterConnectionOptions } from '../../src/mcp/connection/cluster-connection.ts';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { type WatchedCluster, watchCluster } from './watched-cluster.fixture.ts';

const patient = { timeout: 30_000, interval: 20 };
const MINUTE_MS = 60_000;

/** What ingesters share, and a clock that can be set forward. */
class Shared {
  watermark: Watermark | undefined;
  readonly #symptoms = new Map<string, Remembered>();
  #passed = 0;

  readonly now = (): number => Date.now() + this.#passed;

  pass(ms: number): void {
    this.#passed += ms;
  }

  watch(endpoint: string, options: Partial<ClusterConnectionOptions> = {}): WatchedCluster {
    const memory: WatermarkMemory = {
      read: async () => this.watermark,
      write: (latest) => (this.watermark = latest),
      known: async (sightings) => sightings.map(() => false),
    };
    const detected: DetectionMemory = {
      load: async () => structuredClone([...this.#symptoms.values()]),
      save: (changed) => {
        for (const { problem, symptom } of changed) {
          const { workload, family } = symptom;
          this.#symptoms.set(JSON.stringify([workload, family]), structuredClone({ problem, symptom }));
        }
      },
      confirm: () => undefined,
    };
    return watchCluster(endpoint, { memory, detected, now: this.now, ...options });
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

function failedJob(name: string, failedAt: number): object {
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, creationTimestamp: iso(failedAt - MINUTE_MS) },
    status: {
      failed: 1,
      conditions: [
        {
          type: 'Failed',
          status: 'True',
          reason: 'BackoffLimitExceeded',
          message: 'Job has reached the specified backoff limit',
          lastTransitionTime: iso(failedAt),
        },
      ],
    },
  };
}

const forbidden = (resource: string): string =>
  `${resource} is forbidden: User "viewer" cannot list resource "${resource}" at the cluster scope`;

const names = ({ received }: WatchedCluster): string[] => received.map(({ fault }) => fault.resource.name);

test('what failed while a kind could not be listed is reported by the ingester that can list it, and nothing before it anew', async () => {
  const server = await ScriptedServer.start();
  const shared = new Shared();
  const old = failedJob('old', shared.now() - MINUTE_MS);
  server.lists = { Job: [old] };
  const former = shared.watch(server.endpoint, { mode: 'poll' });
  await expect.poll(() => names(former), patient).toEqual(['old']);

  server.lists = { Job: forbidden('jobs') };
  await expect.poll(() => former.connection.health().blind_kinds?.[0]?.kind, patient).toBe('jobs');
  shared.pass(10 * MINUTE_MS);
  const lost = failedJob('lost', shared.now());
  shared.pass(10 * MINUTE_MS);
  const [passedAt, blind] = [shared.now(), former.connection.health().blind_kinds?.[0]];
  await expect.poll(() => shared.watermark?.at, patient).toBeGreaterThan(passedAt);
  await former.connection.stop();

  server.lists = { Job: [old, lost] };
  const next = shared.watch(server.endpoint, { mode: 'poll' });
  await expect.poll(() => names(next), patient).toEqual(['lost']);
  expect(Date.parse(blind?.since ?? '')).toBeLessThan(passedAt - 19 * MINUTE_MS);
  await expect.poll(() => next.connection.health(), patient).not.toHaveProperty('degraded');
  await expect.poll(() => shared.watermark, patient).not.toHaveProperty('blindKinds');
});

test('an ingester that takes a cluster over shows what the former one could not list, until it has listed it', async () => {
  const server = await ScriptedServer.start();
  const shared = new Shared();
  server.lists = { PersistentVolumeClaim: forbidden('persistentvolumeclaims') };
  const former = shared.watch(server.endpoint, { mode: 'poll' });
  const blindKinds = ({ connection }: WatchedCluster) => connection.health().blind_kinds;
  await expect.poll(() => former.connection.health().status, patient).toBe('active');
  expect(blindKinds(former)?.[0]?.kind).toBe('persistentvolumeclaims');
  const [before] = blindKinds(former) ?? [];
  await former.connection.stop();

  // The kinds that few symptoms are of wait for the other clusters of the process.
  const listPace = new ListPace();
  listPace.reserve(100_000);
  const next = shared.watch(server.endpoint, { mode: 'both', listPace });
  await expect.poll(() => next.connection.health().status, patient).toBe('active');
  expect(next.connection.health()).toMatchObject({
    degraded: expect.stringMatching(/^the MCP server cannot list persistentvolumeclaims: .*forbidden/),
    blind_kinds: [{ kind: 'persistentvolumeclaims', since: before?.since }],
  });
  await next.connection.stop();

  server.lists = {};
  const last = shared.watch(server.endpoint, { mode: 'both' });
  await expect.poll(() => last.connection.health(), patient).not.toHaveProperty('degraded');
});

test('while many clusters connect, each is active once it is subscribed, and the time before is scanned afterwards', async () => {
  const server = await ScriptedServer.start();
  const shared = new Shared();
  const blind = { kind: 'persistentvolumeclaims', by: 'mcp', reason: 'forbidden', blindMs: 0 } as const;
  const lastContact = shared.now() - 10 * MINUTE_MS;
  shared.watermark = { at: lastContact, blindMs: 0, blindKinds: [{ ...blind, since: lastContact }] };
  server.lists = { Job: [failedJob('lost', shared.now() - MINUTE_MS)] };
  const connected = Promise.withResolvers<void>();
  const crowd: ConnectCrowd = {
    isCrowded: true,
    afterConnects: async (scan) => {
      await connected.promise;
      await scan();
    },
  };
  const watched = shared.watch(server.endpoint, { crowd });
  await watched.active();
  expect(server.listed).not.toContain('Job');
  expect(watched.connection.health()).toMatchObject({
    last_contact: new Date(lastContact).toISOString(),
    blind_kinds: [{ kind: blind.kind }],
  });
  connected.resolve();
  await expect.poll(() => names(watched), patient).toEqual(['lost']);
  await expect.poll(() => shared.watermark?.at, patient).toBeGreaterThan(lastContact);
});

test('a successor asks a server what it speaks only when that may have changed since', async () => {
  const server = await ScriptedServer.start();
  const shared = new Shared();
  const asked = (): number => server.asked.filter((one) => one === 'server/discover').length;
  const watchAndStop = async (): Promise<void> => {
    const watched = shared.watch(server.endpoint);
    await watched.active();
    await expect.poll(() => shared.watermark?.hasSessions, patient).toBe(true);
    await watched.connection.stop();
  };
  await watchAndStop();
  expect(asked()).toBe(1);
  await watchAndStop();
  expect(asked()).toBe(1);
  shared.pass(2 * MINUTE_MS);
  await watchAndStop();
  expect(asked()).toBe(2);
});

test('a successor asks a server what it speaks when the store does not answer', async () => {
  const server = await ScriptedServer.start();
  const never = Promise.withResolvers<undefined>();
  const memory = { read: () => never.promise, write: () => undefined, known: async () => [] };
  const watched = watchCluster(server.endpoint, { memory });
  await expect.poll(() => server.asked, patient).toContain('server/discover');
  await expect.poll(() => watched.statuses, patient).toContain('connected');
  never.resolve(undefined);
  await watched.active();
});
