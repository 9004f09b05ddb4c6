import { silentLogger } from '@nightcrier/core/logger';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Config } from '@nightcrier/core/settings/config';
import { resourceType } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import pLimit from 'p-limit';
import { describe, expect, test } from 'vitest';
import { Ingester } from '../src/app.ts';
import { clusterConfig, configOf, useRedis } from './ingester.fixture.ts';

useRedis();
const podType = resourceType('pods');
/** A poll takes at most a tenth of the time: on a busy machine the next one is long in coming. */
const patient = { timeout: 100_000, interval: 50 };

/** How the cluster is watched. */
type Source = 'push' | 'poll' | 'watch';

interface Row {
  outage: string;
  sources: Source[];
  breaks: (running: Running) => Promise<void> | void;
  heals: (running: Running) => Promise<void> | void;
  /** `blind`: the health says so while it lasts; `active`: nothing is to be seen; `gone`: there is no ingester to tell. */
  meanwhile: 'blind' | 'active' | 'gone' | 'unknown';
  /** Whether all of it counts as `blind_seconds`. */
  counts?: Source[];
}

interface Running {
  cluster: SimulatedCluster;
  config: Config;
  source: Source;
  ingester: Ingester;
  /** The health over time. */
  seen: Seen[];
}

/** A health: whether faults would be seen by it, and when it was read, ms since the epoch. */
interface Seen {
  at: number;
  status: string;
  isBlind: boolean;
}

const ALL: Source[] = ['push', 'poll', 'watch'];

const restartIngester = async (running: Running): Promise<void> => {
  running.ingester = new Ingester(running.config, silentLogger);
  await running.ingester.start();
};

const ROWS: Row[] = [
  {
    outage: 'the MCP server restarts',
    counts: ALL,
    sources: ['push', 'poll'],
    breaks: ({ cluster }) => cluster.stopMcp(),
    heals: ({ cluster }) => cluster.startMcp(),
    meanwhile: 'blind',
  },
  {
    outage: 'the ingester restarts',
    counts: ALL,
    sources: ALL,
    breaks: ({ ingester }) => ingester.stop(),
    heals: restartIngester,
    meanwhile: 'gone',
  },
  {
    outage: 'the API server is unreachable',
    counts: ['poll', 'watch'],
    sources: ALL,
    breaks: ({ cluster }) => cluster.stopKubernetes(),
    heals: ({ cluster }) => cluster.startKubernetes(),
    meanwhile: 'blind',
  },
  {
    outage: 'the token is revoked and renewed',
    counts: ['poll', 'watch'],
    sources: ALL,
    breaks: ({ cluster }) => {
      cluster.revokeMcpToken();
      cluster.revoke();
      cluster.cutKubernetesWatches();
    },
    heals: ({ cluster }) => {
      cluster.renewMcpToken();
      cluster.grant('read-only');
    },
    meanwhile: 'blind',
  },
  {
    outage: 'the role is unbound and bound again',
    sources: ALL,
    breaks: ({ cluster }) => {
      cluster.setMcpRole('nothing');
      cluster.grant('nothing');
      cluster.cutKubernetesWatches();
    },
    heals: ({ cluster }) => {
      cluster.setMcpRole('admin');
      cluster.grant('read-only');
    },
    meanwhile: 'blind',
  },
  {
    outage: 'the watches behind the subscription die',
    sources: ['push'],
    breaks: ({ cluster }) => cluster.killMcpInformers(),
    heals: () => undefined,
    // It takes a minute in which Events are listed and not pushed.
    meanwhile: 'unknown',
  },
  {
    outage: 'the watches end and cannot be resumed: 410 Gone',
    sources: ['watch'],
    breaks: ({ cluster }) => cluster.cutKubernetesWatches({ compact: true }),
    heals: () => undefined,
    meanwhile: 'active',
  },
  {
    outage: '210 pods fail and are deleted while no ingester runs',
    counts: ALL,
    sources: ALL,
    breaks: async ({ ingester, cluster }) => {
      await ingester.stop();
      failAndDelete(cluster, 210);
    },
    heals: restartIngester,
    meanwhile: 'gone',
  },
];

/** What goes wrong before, during and after the outage: the scenario, and the key of its problem. */
const BEFORE = [['crash-loop-back-off', 'shop/checkout']] as const;
const DURING = [
  ['failed-job', 'billing/nightly-reconcile'],
  ['image-pull-back-off', 'shop/recommendations'],
] as const;
const AFTER = [['deployment-stuck', 'search/search-api']] as const;

/** Pods whose Events outlive them. */
function failAndDelete({ store }: SimulatedCluster, count: number): void {
  const now = new Date().toISOString();
  for (let index = 0; index < count; index += 1) {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `batch-${index}`, namespace: 'shop', uid: `uid-batch-${index}` },
      status: {
        phase: 'Running',
        containerStatuses: [
          { name: 'app', restartCount: 3, ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    };
    const { metadata, ...reference } = pod;
    store.put(pod);
    store.put({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${metadata.name}.1`, namespace: 'shop' },
      involvedObject: { apiVersion: reference.apiVersion, kind: reference.kind, ...metadata },
      type: 'Warning',
      reason: 'BackOff',
      message: 'Back-off restarting failed container app',
      count: 5,
      firstTimestamp: now,
      lastTimestamp: now,
    });
  }
  for (const { metadata } of store.list(podType, 'shop')) {
    if (metadata.name.startsWith('batch-')) store.delete(podType, 'shop', metadata.name);
  }
}

function isBlind(health: ClusterHealth | undefined): boolean {
  return health?.status !== 'active' || health.degraded !== undefined;
}

/** What the row's run has shown. */
interface Outcome {
  problems: { key: string; state: string; incidents: number }[];
  queued: number;
  /** The health from when the outage began to show until it ended. */
  during: Seen[];
  /** How long the outage was, and how much longer the cluster was blind after it than before, s. */
  lasted: number;
  blindSeconds: number;
}

async function play(row: Row, source: Source): Promise<Outcome> {
  // The server has no name for the cluster: what identifies a problem must not depend on it.
  const cluster = await startSimulatedCluster({
    name: 'alpha',
    eventsTools: source === 'push',
    disableMultiCluster: true,
  });
  const { mcp, ...entry } = await clusterConfig(cluster);
  const watched: ClusterConfig = source === 'watch' ? { ...entry, source: 'kubernetes' } : { ...entry, mcp };
  const config = configOf([watched], {
    // What a scan shows is found although nothing is pushed.
    resync_interval: 2,
    sse_read_timeout: 5,
    sse_reconnect_max_backoff: 1,
    dedup_window_seconds: 0,
  });
  const { url = '', key_prefix } = config.redis;
  const connection = connectWorker({ url, key_prefix }, silentLogger);
  const state = openState(connection, { key_prefix, logger: silentLogger });
  const running: Running = { cluster, config, source, ingester: new Ingester(config, silentLogger), seen: [] };
  const health = () => running.ingester.health()[0];
  const watching = setInterval(() => {
    const now = health();
    running.seen.push({ at: Date.now(), status: now?.status ?? 'none', isBlind: isBlind(now) });
  }, 20);
  const problemKeys = async () => (await state.problems.list('alpha')).map(({ key }) => key);
  const breakWith = async (scenarios: readonly (readonly [string, string])[]): Promise<void> => {
    for (const [scenario] of scenarios) await cluster.run(scenario);
  };
  const untilFound = (scenarios: readonly (readonly [string, string])[]): Promise<void> =>
    expect
      .poll(problemKeys, { ...patient, message: `${row.outage}, by ${source}` })
      .toEqual(expect.arrayContaining(scenarios.map(([, key]) => key)));
  try {
    await running.ingester.start();
    await expect.poll(() => isBlind(health()), patient).toBe(false);
    await breakWith(BEFORE);
    await untilFound(BEFORE);
    running.seen.length = 0;

    const { blind_seconds: blindBefore = 0 } = health() ?? {};
    await row.breaks(running);
    const brokenAt = Date.now();
    await breakWith(DURING);
    if (row.meanwhile === 'blind') await expect.poll(() => isBlind(health()), patient).toBe(true);
    const shownAt = Date.now();
    // What a source does when its server is gone takes place in this time, too.
    if (row.meanwhile === 'blind') await expect.poll(() => Date.now() - shownAt, patient).toBeGreaterThan(3_000);
    const healedAt = Date.now();
    await row.heals(running);
    await untilFound(DURING);
    await expect
      .poll(() => (isBlind(health()) ? JSON.stringify(health()) : 'sees'), {
        ...patient,
        message: `${row.outage}, by ${source}`,
      })
      .toBe('sees');

    await breakWith(AFTER);
    await untilFound([...BEFORE, ...DURING, ...AFTER]);
    const problems = await state.problems.list('alpha');
    const { total } = await state.intake.read();
    return {
      problems: problems.map((one) => ({ key: one.key, state: one.state, incidents: one.incidents.length })),
      queued: total.queued,
      during: running.seen.filter(({ at }) => at > shownAt && at < (row.meanwhile === 'blind' ? healedAt : Infinity)),
      lasted: (healedAt - brokenAt) / 1_000,
      blindSeconds: (health()?.blind_seconds ?? 0) - blindBefore,
    };
  } finally {
    clearInterval(watching);
    await running.ingester.stop();
    await cluster.stop();
    await disconnect(connection);
  }
}

const limit = pLimit(6);
const outcomes = new Map<string, Promise<Outcome>>();

/** Plays all rows, some at the same time: most of the time they wait. */
async function outcomeOf(row: Row, source: Source): Promise<Outcome> {
  if (outcomes.size === 0) {
    for (const one of ROWS) {
      for (const its of one.sources) {
        const outcome = limit(() => play(one, its));
        outcome.catch(() => undefined);
        outcomes.set(`${one.outage}, ${its}`, outcome);
      }
    }
  }
  const outcome = outcomes.get(`${row.outage}, ${source}`);
  if (!outcome) throw new Error('no such row');
  return outcome;
}

describe.each(ROWS)('$outage', (row) => {
  test.each(row.sources)(
    'by %s, nothing is reported anew and nothing is lost that a list can still show',
    async (source) => {
      const { problems, queued, during, lasted, blindSeconds } = await outcomeOf(row, source);
      const wanted = [...BEFORE, ...DURING, ...AFTER].map(([, key]) => ({ key, state: 'firing', incidents: 1 }));
      expect(problems.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual(
        wanted.toSorted((a, b) => a.key.localeCompare(b.key)),
      );
      expect(queued).toBe(wanted.length);
      // No moment of an outage looks healthy, and where there is nothing to be seen, nothing looks like an outage.
      const untrue = during.filter(
        ({ isBlind: blind, status }) =>
          (row.meanwhile === 'blind' && !blind) || (row.meanwhile === 'active' && status === 'failed'),
      );
      expect(untrue).toEqual([]);
      expect(blindSeconds).toBeGreaterThanOrEqual(row.counts?.includes(source) ? lasted - 0.1 : 0);
    },
    300_000,
  );
});
