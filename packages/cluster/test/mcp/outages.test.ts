import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterConnectionOptions } from '../../src/mcp/connection/cluster-connection.ts';
import { type WatchedCluster, watchCluster } from './watched-cluster.fixture.ts';

/** A proof is valid for three seconds in place of a minute; an outage is longer than every deadline. */
const timeouts = { connect: 3_000, call: 3_000, close: 1_000, subscribe: 5_000, list: 5_000, proof: 3_000 };
const OUTAGE_MS = 2 * timeouts.proof;
const patient = { timeout: 60_000, interval: 50 };

type Source = 'both' | 'faults' | 'poll' | 'watch';

interface Row {
  outage: string;
  sources: Source[];
  breaks: (cluster: SimulatedCluster) => Promise<void> | void;
  heals: (cluster: SimulatedCluster) => Promise<void> | void;
  /** What the health says of the time, once it is over; `gap`: until it was noticed, because polls take over then. */
  counts: 'blind_seconds' | 'blind_kinds' | 'gap';
  /** It begins after the first list of Events, which is what later ones are compared with. */
  isLater?: true;
  /** What the health says while it lasts. */
  shows: RegExp;
}

const ROWS: Row[] = [
  {
    outage: 'the MCP server is down',
    sources: ['both', 'faults', 'poll'],
    breaks: (cluster) => cluster.stopMcp(),
    heals: (cluster) => cluster.startMcp(),
    counts: 'blind_seconds',
    shows: /stream|unreachable|cannot reach/,
  },
  {
    outage: 'the API server is unreachable',
    sources: ['both', 'faults', 'poll', 'watch'],
    breaks: (cluster) => cluster.stopKubernetes(),
    heals: (cluster) => cluster.startKubernetes(),
    counts: 'blind_seconds',
    shows: /cannot reach its API server|cannot be listed|ECONNREFUSED|unreachable/,
  },
  {
    outage: 'the token is revoked and renewed, and the MCP server restarted',
    sources: ['both', 'faults', 'poll', 'watch'],
    breaks: (cluster) => {
      cluster.revokeMcpToken();
      cluster.revoke();
      cluster.cutKubernetesWatches();
    },
    heals: async (cluster) => {
      cluster.renewMcpToken();
      cluster.grant('read-only');
      await cluster.stopMcp();
      await cluster.startMcp();
    },
    counts: 'blind_seconds',
    shows: /rejects the credentials|Unauthorized|401/,
  },
  {
    outage: 'the role is unbound and bound again',
    sources: ['both', 'faults', 'poll', 'watch'],
    breaks: (cluster) => {
      cluster.setMcpRole('nothing');
      cluster.grant('nothing');
      cluster.cutKubernetesWatches();
    },
    heals: (cluster) => {
      cluster.setMcpRole('admin');
      cluster.grant('read-only');
    },
    counts: 'blind_kinds',
    shows: /forbidden/,
  },
  {
    outage: 'the watches behind a healthy subscription are dead, and the MCP server is restarted',
    sources: ['both'],
    breaks: async (cluster) => {
      cluster.killMcpInformers();
      await cluster.run('crash-loop-back-off');
    },
    heals: async (cluster) => {
      await cluster.stopMcp();
      await cluster.startMcp();
    },
    isLater: true,
    counts: 'gap',
    shows: /push is silent/,
  },
];

/** A health, and when it was seen, ms since the epoch. */
type Sample = ClusterHealth & { at: number };

const isBlind = ({ status, degraded }: ClusterHealth): boolean => status !== 'active' || degraded !== undefined;

async function watchWith(source: Source, cluster: SimulatedCluster, folder: string): Promise<WatchedCluster> {
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const options: Partial<ClusterConnectionOptions> = {
    timeouts,
    mode: source === 'watch' ? 'both' : source,
    pollInterval: 500,
    resyncInterval: 10_000,
    readTimeout: 5_000,
    ...(source === 'watch' && {
      cluster: {
        name: 'alpha',
        labels: {},
        source: 'kubernetes',
        triage: { enabled: true, kubeconfig, allow_secrets_access: false },
      },
    }),
  };
  return watchCluster(cluster.mcpEndpoint, options);
}

/** What the health said over time. */
interface Outcome {
  source: Source;
  /** Moments of the outage that looked healthy. */
  healthy: Sample[];
  /** Whether the blind time never ran backwards, and all of the outage counts. */
  isRising: boolean;
  isCounted: boolean;
}

/** Plays an outage through one source. */
async function playOutage({ breaks, heals, counts, isLater, shows }: Row, source: Source): Promise<Outcome> {
  const cluster = await startSimulatedCluster({ name: 'alpha', eventsTools: source !== 'poll' });
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-outage-'));
  const samples: Sample[] = [];
  let sampling: NodeJS.Timeout | undefined;
  try {
    const { connection } = await watchWith(source, cluster, folder);
    const health = (): ClusterHealth => connection.health();
    const summary = (): string => {
      const { status, error, degraded } = health();
      return `${source} ${isBlind(health()) ? 'blind' : 'sees'}: ${status} ${error} ${degraded}`;
    };
    sampling = setInterval(() => samples.push({ ...health(), at: Date.now() }), 20);
    await expect.poll(summary, patient).toMatch(/ sees:/);
    const seenAt = Date.now();
    const lastContact = (): number => Date.parse(health().last_contact ?? '');
    const isBegun = (): boolean => isLater !== true || lastContact() > seenAt;
    await expect.poll(isBegun, patient).toBe(true);
    const before = health();

    await breaks(cluster);
    const brokenAt = Date.now();
    await expect.poll(summary, patient).toMatch(/ blind:/);
    const blindAt = Date.now();
    await expect.poll(() => JSON.stringify(health()), patient).toMatch(shows);
    // It stays as it is: nothing proves sight while the outage lasts.
    await expect.poll(() => Date.now() - blindAt, patient).toBeGreaterThan(OUTAGE_MS);
    const healedAt = Date.now();
    await heals(cluster);
    await expect.poll(summary, patient).toMatch(/ sees:/);

    const during = samples.filter(({ at }) => at > blindAt && at < healedAt);
    const blind = samples.map(({ blind_seconds = 0 }) => blind_seconds);
    const blindBy = ({ blind_seconds = 0 }: ClusterHealth): number => blind_seconds - (before.blind_seconds ?? 0);
    const kinds = during.flatMap(({ blind_kinds = [] }) => blind_kinds.map((one) => one.blind_seconds));
    return {
      source,
      healthy: during.filter((sample) => !isBlind(sample)),
      isRising: blind.every((value, index) => value >= (blind[index - 1] ?? 0)),
      isCounted: {
        blind_seconds: blindBy(health()) >= (healedAt - brokenAt) / 1000 - 0.1,
        // Silence shows when an Event has not been pushed for this long.
        gap: blindBy(health()) >= timeouts.proof / 1000,
        blind_kinds: Math.max(...kinds) >= OUTAGE_MS / 1000 - 1,
      }[counts],
    };
  } finally {
    clearInterval(sampling);
    await cluster.stop();
    await rm(folder, { recursive: true });
  }
}

test.each(ROWS)(
  '$outage: by each source, the health says so for as long as it lasts, and counts the time',
  async (row) => {
    const outcomes = await Promise.all(row.sources.map((source) => playOutage(row, source)));
    expect(outcomes).toEqual(row.sources.map((source) => ({ source, healthy: [], isRising: true, isCounted: true })));
  },
  120_000,
);
