import { ClusterHealth } from '@nightcrier/core/cluster-health';
import { Incident } from '@nightcrier/core/incident';
import { execa } from 'execa';
import getPort from 'get-port';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { whyNoDocker } from '../fixtures/agent-image.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PROJECT = `nightcrier-test-${process.pid}`;

/** `docker compose` (v2) where it is installed, else `docker-compose` (v1.29). */
async function composeCommand(): Promise<string[] | undefined> {
  for (const command of [['docker', 'compose'], ['docker-compose']]) {
    const [file = '', ...args] = command;
    if (!(await execa(file, [...args, 'version'], { reject: false })).failed) return command;
  }
  return undefined;
}

const command = await composeCommand();
const why = command === undefined ? 'docker-compose is not installed' : await whyNoDocker();

describe.skipIf(why)(`docker compose up${why ? ` (skipped: ${why})` : ''}`, () => {
  let url: string;
  let port: number;
  const compose = (...args: string[]) => {
    const [file = '', ...first] = command ?? [];
    const environment = { NIGHTCRIER_PORT: String(port), DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };
    return execa(file, [...first, '-p', PROJECT, ...args], { cwd: ROOT, env: environment });
  };

  beforeAll(async () => {
    port = await getPort({ host: '127.0.0.1' });
    url = `http://127.0.0.1:${port}`;
    await compose('up', '--detach', '--build');
  }, 600_000);
  afterAll(() => compose('down', '--volumes', '--timeout', '20'), 120_000);

  test('shows both simulated clusters active and their faults resolved', async () => {
    const health = z.object({ clusters: ClusterHealth.array() });
    await expect
      .poll(
        async () =>
          health.parse(await (await fetch(`${url}/health/clusters`)).json()).clusters.map(({ status }) => status),
        { timeout: 60_000 },
      )
      .toEqual(['active', 'active']);
    const incidents = z.object({ incidents: Incident.array() });
    const resolved = async (): Promise<string[]> =>
      incidents
        .parse(await (await fetch(`${url}/api/incidents?state=resolved`)).json())
        .incidents.map((incident) => incident.cluster_event.cluster_name);
    await expect
      .poll(resolved, { timeout: 60_000 })
      .toEqual(expect.arrayContaining(['westeu-cluster1', 'eastus-cluster1']));
  }, 180_000);

  test('keeps to itself: every process is unprivileged, and only the API is published, on loopback', async () => {
    const { stdout: ids } = await compose('ps', '--quiet');
    const { stdout } = await execa('docker', ['inspect', ...ids.split('\n')]);
    const containers: {
      Config: { User: string; Image: string };
      HostConfig: { ReadonlyRootfs: boolean; PortBindings: object };
    }[] = JSON.parse(stdout);
    expect(containers).toHaveLength(5);
    const ours = containers.filter(({ Config }) => Config.Image === 'nightcrier:latest');
    expect(ours.map(({ Config, HostConfig }) => [Config.User, HostConfig.ReadonlyRootfs])).toEqual(
      ours.map(() => ['node', true]),
    );
    expect(containers.flatMap(({ HostConfig }) => Object.values(HostConfig.PortBindings))).toEqual([
      [{ HostIp: '127.0.0.1', HostPort: String(port) }],
    ]);
  });

  test('stops every process cleanly', async () => {
    await compose('stop', '--timeout', '20');
    const { stdout: ids } = await compose('ps', '--quiet', ...(command?.length === 2 ? ['--all'] : []));
    const { stdout } = await execa('docker', ['inspect', '--format', '{{.State.ExitCode}}', ...ids.split('\n')]);
    expect(stdout.split('\n')).toEqual(['0', '0', '0', '0', '0']);
  }, 120_000);
});
