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
const TEST_VOLUME = `${path.join(import.meta.dirname, '../..', TESTS)}:/app/${TESTS}:ro`;
/** Of the clusters, where files say what happens next. */
const FOLDER = '/data/clusters';
const OVERRIDE = {
  services: {
    clusters: {
      command: [
        `${TESTS}/fixtures/held-clusters.fixture.ts`,
        `--clusters=${CLUSTERS.join(',')}`,
        `--base-port=${BASE_PORT}`,
        `--dir=${FOLDER}`,
        `--scenarios=${SCENARIOS.join(',')}`,
      ],
      volumes: [TEST_VOLUME],
    },
    'triage-worker': {
      command: [`${TESTS}/fixtures/quick-lock-worker.fixture.ts`],
      environment: {
        AGENT_CLI: 'claude',
        AGENT_SCRIPT_PATH: `/app/${TESTS}/fixtures/agents/held-report.sh`,
        // The stand-in agent needs no gateway.
        NIGHTCRIER_KUBE_ACCESS: 'direct',
        NIGHTCRIER_LLM_ACCESS: 'direct',
      },
      volumes: [TEST_VOLUME],
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
  /** Has the clusters or the agents go on. */
  const create = async (...files: string[]): Promise<void> => {
    const [clusters = ''] = await project.containers('clusters');
    await execa('docker', ['exec', clusters, 'touch', ...files.map((file) => `${FOLDER}/${file}`)]);
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
    // A worker that is alone takes all agents.
    const sharing = async (): Promise<number> => (await withLog(workers, '"share":1,"workers":5,')).length;
    await expect.poll(sharing, { timeout: 150_000, interval: 250 }).toBe(workers.length);
    const plays = SCENARIOS.map((scenario) => `play-${scenario}`);
    await create(...plays.slice(0, 2));
    // The agents wait, so that none ends between this check and the kill.
    let busy: string[] = [];
    const countBusy = async (): Promise<number> => {
      busy = await busyOf(workers);
      return busy.length;
    };
    await expect.poll(countBusy, { timeout: 150_000, interval: 250 }).toBeGreaterThanOrEqual(2);
    const [ingester = ''] = Object.values(await owners());
    await execa('docker', ['kill', ...busy.slice(0, 2), ingester]);
    await create(...plays, 'go');

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
    await expect
      .poll(() => project.books(), { timeout: 150_000 })
      .toMatchObject({ off: [], total: { queued: FAULTS, finished: FAULTS, lost: 0 } });
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

/** Returns those of the containers whose log contains a text. */
async function withLog(containers: string[], text: string): Promise<string[]> {
  const logs = await Promise.all(
    containers.map(async (id) => ({ id, log: await execa('docker', ['logs', id], { all: true }) })),
  );
  return logs.filter(({ log }) => log.all.includes(text)).map(({ id }) => id);
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
  return processes.filter(({ top }) => top.stdout?.includes('/held-report.sh')).map(({ id }) => id);
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
