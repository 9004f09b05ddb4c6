import { execa } from 'execa';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLI = path.join(import.meta.dirname, '../../apps/cli/src/main.ts');

/** The cause that the report of each scenario must name, by the resource that the scenario breaks. */
const CAUSES: [resource: RegExp, cause: RegExp][] = [
  [/checkout/, /checkout-db.* scaled to 0/],
  [/search-api/, /quota/i],
  [/nightly-reconcile/, /permission denied for table invoices/],
  [/inventory/, /liveness probe/i],
  [/recommendations/, /2\.41\.0-rc9/],
  [/pricing/, /pricing-rules/],
  [/node-3/, /kubelet/i],
  [/statement-renderer/, /memory limit|OOMKilled/i],
  [/model-trainer/, /insufficient memory|cannot be scheduled/i],
];

describe('nightcrier demo --once --json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-demo-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('gives each cluster a reported incident whose report names the cause, without Docker and Redis', async () => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [CLI, 'demo', '--once', '--json'], {
      cwd: folder,
      reject: false,
      timeout: 150_000,
      // Only Node is on the PATH: no engine, no kubectl, no Redis.
      env: { PATH: path.dirname(process.execPath), HOME: folder },
      extendEnv: false,
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const incidents: Record<string, string>[] = stdout.split('\n').map((line) => JSON.parse(line));
    const reported = incidents.filter(({ state }) => state === 'reported');
    expect(new Set(reported.map(({ cluster }) => cluster))).toEqual(new Set(['westeu-cluster1', 'eastus-cluster1']));

    for (const { workspace = '', resource = '', cluster, root_cause: cause } of reported) {
      const file = (name: string): Promise<string> => readFile(path.join(workspace, name), 'utf8');
      expect(JSON.parse(await file('incident.json'))).toMatchObject({ cluster_name: cluster });
      expect(JSON.parse(await file('incident_cluster_permissions.json'))).toMatchObject({ can_get_pods: true });
      expect((await stat(workspace)).mode & 0o777).toBe(0o700);
      const [, expected = /no scenario breaks this resource/] = CAUSES.find(([broken]) => broken.test(resource)) ?? [];
      expect(cause).toMatch(expected);
      expect(await file('output/investigation.md')).toMatch(expected);
    }
  }, 160_000);
});
