import type { Incident } from '@nightcrier/core/incident';
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type ComposeProject, composeProject, whyNoProject } from '../fixtures/compose.ts';

const CLUSTERS = Array.from({ length: 8 }, (_, index) => `cluster${index + 1}`);
/** Each is one fault in each cluster. */
const SCENARIOS = ['crash-loop-back-off', 'failed-job', 'image-pull-back-off', 'oom-killed', 'unschedulable-pod'];
const FAULTS = CLUSTERS.length * SCENARIOS.length;

const TESTS = 'apps/triage-worker/test';
const OVERRIDE = {
  services: {
    clusters: {
      command: [
        'packages/simulator/src/main.ts',
        `--clusters=${CLUSTERS.join(',')}`,
        '--host=0.0.0.0',
        '--advertise-host=clusters',
        '--base-port=9100',
        '--dir=/data/clusters',
        '--fault-interval=1',
        '--wait-for-subscriber=600',
        `--scenarios=${SCENARIOS.join(',')}`,
      ],
    },
    'triage-worker': {
      command: [`${TESTS}/fixtures/quick-lock-worker.fixture.ts`],
      environment: {
        AGENT_CLI: 'claude',
        AGENT_SCRIPT_PATH: `/app/${TESTS}/fixtures/agents/slow-report.sh`,
      },
      volumes: [`${path.join(import.meta.dirname, '../..', TESTS)}:/app/${TESTS}:ro`],
    },
  },
};

const title = 'docker compose up --scale triage-worker=5, with 8 clusters and 40 faults';

describe.skipIf(whyNoProject)(`${title}${whyNoProject ? ` (skipped: ${whyNoProject})` : ''}`, () => {
  let folder: string;
  let project: ComposeProject;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-scale-'));
    const override = path.join(folder, 'scale.yml');
    await writeFile(override, stringify(OVERRIDE));
    // The simulator's own list of its clusters is a configuration.
    project = await composeProject([override], { NIGHTCRIER_CONFIG: '/data/clusters/clusters.yaml' });
    const all = ['redis', 'clusters', 'triage-worker', 'api'];
    await project.compose('up', '--detach', '--build', '--scale', 'triage-worker=5', ...all);
    // Last, since faults begin when somebody listens.
    await project.compose('up', '--detach', '--no-deps', 'ingester');
  }, 600_000);
  afterAll(async () => {
    await project.down();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  test('two workers are killed in the middle: nothing is lost, and nothing comes twice', async () => {
    const workers = await project.containers('triage-worker');
    expect(workers).toHaveLength(5);
    let busy: string[] = [];
    const lookForBusy = async (): Promise<number> => {
      busy = await busyOf(workers);
      return busy.length;
    };
    await expect.poll(lookForBusy, { timeout: 60_000, interval: 100 }).toBeGreaterThanOrEqual(1);
    const others = workers.filter((id) => !busy.includes(id));
    await execa('docker', ['kill', ...[...busy, ...others].slice(0, 2)]);

    const resolved = async (): Promise<Incident[]> =>
      (await project.incidents()).filter(({ state }) => state === 'resolved');
    await expect.poll(async () => (await resolved()).length, { timeout: 90_000, interval: 500 }).toBe(FAULTS);

    const incidents = await project.incidents();
    expect(incidents).toHaveLength(FAULTS);
    expect(new Set(incidents.map(({ fingerprint }) => fingerprint)).size).toBe(FAULTS);
    expect(new Set(incidents.map(({ cluster_event }) => cluster_event.cluster_name))).toEqual(new Set(CLUSTERS));
    expect(incidents.every(({ report }) => report !== undefined)).toBe(true);
    // What was being investigated there was begun again, by others.
    const retaken = incidents.filter(({ attempts }) => attempts === 2);
    expect(retaken.length).toBeGreaterThanOrEqual(1);
    expect(incidents.every(({ attempts }) => attempts <= 2)).toBe(true);
    expect((await project.health()).map(({ status }) => status)).toEqual(CLUSTERS.map(() => 'active'));
  }, 180_000);
});

/** Those of the containers in which an agent runs at the moment. */
async function busyOf(containers: string[]): Promise<string[]> {
  const processes = await Promise.all(
    containers.map(async (id) => ({
      id,
      top: await execa('docker', ['top', id, '-o', 'pid,args'], { reject: false }),
    })),
  );
  return processes.filter(({ top }) => top.stdout?.includes('slow-report.sh')).map(({ id }) => id);
}
