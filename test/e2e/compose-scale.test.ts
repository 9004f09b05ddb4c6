import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type ComposeProject, composeProject, leftOf, whyNoProject } from '../fixtures/compose.ts';

const CLUSTERS = Array.from({ length: 8 }, (_, index) => `cluster${index + 1}`);
/** Each scenario is one fault per cluster, also for a later resync. */
const SCENARIOS = [
  'crash-loop-back-off',
  'image-pull-back-off',
  'missing-config-map',
  'oom-killed',
  'unschedulable-pod',
];
const FAULTS = CLUSTERS.length * SCENARIOS.length;
/** Base port: the MCP server of the n-th cluster listens on base + 2n. */
const BASE_PORT = 9100;

const TESTS = 'apps/triage-worker/test';
const OVERRIDE = {
  services: {
    clusters: {
      command: [
        'packages/simulator/src/main.ts',
        `--clusters=${CLUSTERS.join(',')}`,
        '--host=0.0.0.0',
        '--advertise-host=clusters',
        `--base-port=${BASE_PORT}`,
        '--dir=/data/clusters',
        '--fault-interval=4',
        '--wait-for-subscriber=600',
        `--scenarios=${SCENARIOS.join(',')}`,
      ],
    },
    'triage-worker': {
      command: [`${TESTS}/fixtures/quick-lock-worker.fixture.ts`],
      environment: {
        AGENT_CLI: 'claude',
        AGENT_SCRIPT_PATH: `/app/${TESTS}/fixtures/agents/slow-report.sh`,
        // The stand-in agent needs no gateway.
        NIGHTCRIER_KUBE_ACCESS: 'direct',
        NIGHTCRIER_LLM_ACCESS: 'direct',
      },
      volumes: [`${path.join(import.meta.dirname, '../..', TESTS)}:/app/${TESTS}:ro`],
    },
  },
};

const title = 'docker compose up --scale triage-worker=5 --scale ingester=3, with 8 clusters and 40 faults';

describe.skipIf(whyNoProject)(`${title}${whyNoProject ? ` (skipped: ${whyNoProject})` : ''}`, () => {
  let folder: string;
  let project: ComposeProject;
  let ingesters: string[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-scale-'));
    const override = path.join(folder, 'scale.yml');
    await writeFile(override, stringify(OVERRIDE));
    // The simulator writes the list of its clusters as a configuration.
    project = await composeProject([override], { NIGHTCRIER_CONFIG: '/data/clusters/clusters.yaml' });
    await project.compose('up', '--detach', '--build', '--scale', 'triage-worker=5', '--scale', 'ingester=3');
    ingesters = await project.containers('ingester');
  }, 600_000);
  afterAll(async () => {
    await project.down();
    await rm(folder, { recursive: true, force: true });
  }, 600_000);

  /** Returns the container of the owning ingester by active cluster, from the health. */
  const owners = async (): Promise<Record<string, string | undefined>> => {
    const active = (await project.health()).filter(({ status }) => status === 'active');
    // An ingester's id starts with its host name, the start of the container id.
    const containerOf = (owner = ''): string | undefined => ingesters.find((id) => owner.startsWith(`${id}-`));
    return Object.fromEntries(active.map(({ name, owner }) => [name, containerOf(owner)]));
  };
  /** Returns the connected containers by cluster. */
  const watchers = async (): Promise<Record<string, string[]>> => {
    const [clusters = ''] = await project.containers('clusters');
    const peers = await peersByPort(clusters);
    const named = await Promise.all(ingesters.map(async (id) => [await addressOf(id), id] as const));
    const containers = new Map(named);
    const watching = (port: number): string[] => [...(peers.get(port) ?? [])].map((at) => containers.get(at) ?? at);
    return Object.fromEntries(CLUSTERS.map((name, index) => [name, watching(BASE_PORT + 2 * index)]));
  };

  test('each cluster is active under one of the ingesters, which share them', async () => {
    expect(ingesters).toHaveLength(3);
    await expect.poll(async () => Object.keys(await owners()), { timeout: 150_000, interval: 250 }).toEqual(CLUSTERS);
    await expect
      .poll(async () => new Set(Object.values(await owners())).size, { timeout: 150_000, interval: 250 })
      .toBeGreaterThanOrEqual(2);
  }, 600_000);

  test('two workers and an ingester are killed under load: no incident is lost or duplicated', async () => {
    const workers = await project.containers('triage-worker');
    expect(workers).toHaveLength(5);
    const [cluster = '', ingester = ''] = Object.entries(await owners())[0] ?? [];
    let victims: string[] = [];
    const freezeTwo = async (): Promise<number> => {
      victims = await freezeTwoBusy(workers);
      return victims.length;
    };
    await expect.poll(freezeTwo, { timeout: 150_000, interval: 100 }).toBe(2);
    await execa('docker', ['kill', ...victims, ingester]);
    const sofar = (await project.incidents()).filter(({ cluster_event }) => cluster_event.cluster_name === cluster);
    expect(sofar.length, 'faults before the kill').toBeLessThan(SCENARIOS.length);

    const states = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        Map.groupBy(await project.incidents(), ({ state }) => state)
          .entries()
          .map(([state, all]) => [state, all.length]),
      );
    await expect.poll(states, { timeout: 150_000, interval: 500 }).toEqual({ reported: FAULTS });

    const incidents = await project.incidents();
    expect(new Set(incidents.map(({ fingerprint }) => fingerprint)).size).toBe(FAULTS);
    expect(new Set(incidents.map(({ cluster_event }) => cluster_event.cluster_name))).toEqual(new Set(CLUSTERS));
    expect(incidents.every(({ report }) => report !== undefined)).toBe(true);
    expect(await project.books()).toMatchObject({ off: [], total: { queued: FAULTS, finished: FAULTS, lost: 0 } });
    // The investigations of the killed workers were restarted by others.
    const retaken = incidents.filter(({ attempts }) => attempts === 2);
    expect(retaken.length).toBeGreaterThanOrEqual(2);
    expect(incidents.every(({ attempts }) => attempts <= 2)).toBe(true);
    ingesters = ingesters.filter((id) => id !== ingester);
  }, 600_000);

  test('each cluster is watched by one of the remaining ingesters, and by no other', async () => {
    const shared = async (): Promise<boolean> => {
      const [connected, owned] = [await watchers(), await owners()];
      return CLUSTERS.every((name) => owned[name] !== undefined && connected[name]?.join() === owned[name]);
    };
    await expect.poll(shared, { timeout: 150_000, interval: 250 }).toBe(true);
  }, 600_000);

  test('leaves no container, network or volume when it is taken down', async () => {
    await project.down();
    expect(await leftOf(project.name)).toEqual([]);
  }, 600_000);
});

/**
 * Pauses two of the containers in which an agent runs. The agents are checked again once they are paused: none can end
 * between this check and a kill. Returns none while fewer than two are busy.
 */
async function freezeTwoBusy(containers: string[]): Promise<string[]> {
  const busy = (await busyOf(containers)).slice(0, 2);
  if (busy.length < 2) return [];
  await execa('docker', ['pause', ...busy]);
  if ((await busyOf(busy)).length === 2) return busy;
  await execa('docker', ['unpause', ...busy]);
  return [];
}

/** Returns those of the containers in which an agent runs. */
async function busyOf(containers: string[]): Promise<string[]> {
  const processes = await Promise.all(
    containers.map(async (id) => ({
      id,
      top: await execa('docker', ['top', id, '-o', 'pid,args'], { reject: false }),
    })),
  );
  // An ended process that is not reaped yet has no arguments, and so no path.
  return processes.filter(({ top }) => top.stdout?.includes('/slow-report.sh')).map(({ id }) => id);
}

/** Returns the addresses with a connection to a container's ports, from its kernel. */
async function peersByPort(container: string): Promise<Map<number, Set<string>>> {
  const ESTABLISHED = '01';
  const { stdout } = await execa('docker', ['exec', container, 'cat', '/proc/net/tcp'], { lines: true });
  const peers = new Map<number, Set<string>>();
  for (const line of stdout.slice(1)) {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED) continue;
    const port = Number.parseInt(local.split(':')[1] ?? '', 16);
    // The kernel prints the four bytes of an address in reverse order.
    const address = Buffer.from(remote.slice(0, 8), 'hex').reverse().join('.');
    peers.set(port, (peers.get(port) ?? new Set()).add(address));
  }
  return peers;
}

async function addressOf(container: string): Promise<string> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  return (await execa('docker', ['inspect', '--format', format, container])).stdout;
}
