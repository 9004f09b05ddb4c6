import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type ComposeProject,
  IMAGE_VERSION,
  PROCESS_IMAGE,
  composeCommands,
  composeProject,
  leftOf,
  whyNoProject,
} from '../fixtures/compose.ts';

const BASE_IMAGE = 'node:24-bookworm-slim';
const MEGABYTE = 1_000_000;
const SERVICE = 'com.docker.compose.service';
const ALL_HEALTHY = {
  api: 'healthy',
  clusters: 'healthy',
  ingester: 'healthy',
  redis: 'healthy',
  'triage-worker': 'healthy',
};

const Container = z.object({
  Name: z.string(),
  Config: z.object({ User: z.string(), Image: z.string(), Labels: z.record(z.string(), z.string()) }),
  HostConfig: z.object({ ReadonlyRootfs: z.boolean() }),
  NetworkSettings: z.object({ Ports: z.record(z.string(), z.unknown()) }),
  State: z.object({ ExitCode: z.number(), Health: z.object({ Status: z.string() }) }),
});

describe.skipIf(whyNoProject)(`docker compose up${whyNoProject ? ` (skipped: ${whyNoProject})` : ''}`, () => {
  let project: ComposeProject;
  const inspect = async () => {
    const { stdout } = await execa('docker', ['inspect', ...(await project.containers())]);
    return Container.array().parse(JSON.parse(stdout));
  };
  /** Returns the health of each service from `docker ps`. */
  const health = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await inspect()).map(({ Config, State }) => [Config.Labels[SERVICE], State.Health.Status]));
  /** Runs a shell command in a service's container. */
  const shell = async (service: string, script: string) => {
    const [container = ''] = await project.containers(service);
    return execa('docker', ['exec', container, 'sh', '-c', script], { reject: false, all: true });
  };

  beforeAll(async () => {
    // With the oldest installed version of compose; other tests use the latest.
    project = await composeProject([], {}, composeCommands.at(-1));
    await project.compose('up', '--detach', '--build');
  }, 600_000);
  afterAll(() => project.down(), 600_000);

  test('shows both simulated clusters active and their faults reported', async () => {
    await expect
      .poll(async () => (await project.health()).map(({ status }) => status), { timeout: 150_000 })
      .toEqual(['active', 'active']);
    const reported = async (): Promise<string[]> =>
      (await project.incidents())
        .filter(({ state }) => state === 'reported')
        .map((incident) => incident.cluster_event.cluster_name);
    await expect
      .poll(reported, { timeout: 150_000 })
      .toEqual(expect.arrayContaining(['westeu-cluster1', 'eastus-cluster1']));
  }, 600_000);

  test('has a health check for every kind of process, and all are healthy', async () => {
    await expect.poll(health, { timeout: 150_000 }).toEqual(ALL_HEALTHY);
  }, 600_000);

  test('every process is unprivileged, and only the API is published, on loopback', async () => {
    const containers = await inspect();
    expect(containers).toHaveLength(5);
    const ours = containers.filter(({ Config }) => Config.Image === PROCESS_IMAGE);
    expect(ours.map(({ Config, HostConfig }) => [Config.User, HostConfig.ReadonlyRootfs])).toEqual(
      Array.from({ length: 4 }, () => ['node', true]),
    );
    // The effective values of the engine, not the requested ones.
    const published = containers.flatMap(({ NetworkSettings }) => Object.values(NetworkSettings.Ports).filter(Boolean));
    expect(published).toEqual([[{ HostIp: '127.0.0.1', HostPort: String(project.port) }]]);
  });

  test('answers on loopback, and not on the address of the host in the container network', async () => {
    const format = '{{(index .IPAM.Config 0).Gateway}}';
    const network = `${project.name}_default`;
    const { stdout: gateway } = await execa('docker', ['network', 'inspect', '--format', format, network]);
    expect((await fetch(`${project.url}/healthz`)).status).toBe(200);
    await expect(fetch(`http://${gateway}:${project.port}/healthz`)).rejects.toThrow('fetch failed');
  });

  test('cannot write to its root file system', async () => {
    const { failed, all } = await shell('triage-worker', 'touch /data/incidents/mine /tmp/mine && touch /app/mine');
    expect(failed).toBe(true);
    expect(all).toContain("'/app/mine': Read-only file system");
  });

  test('runs from an image of at most 120 MB beyond its base, without development tools', async () => {
    const format = '{{.Size}} {{json .Config.Labels}}';
    const { stdout } = await execa('docker', ['image', 'inspect', '--format', format, PROCESS_IMAGE, BASE_IMAGE]);
    const [size = 0, base = 0] = stdout.split('\n').map((line) => Number.parseInt(line, 10));
    expect((size - base) / MEGABYTE).toBeLessThan(120);
    expect(stdout).toContain(`"org.opencontainers.image.version":"${IMAGE_VERSION.version}"`);
    expect(stdout).toContain(`"org.opencontainers.image.revision":"${IMAGE_VERSION.revision}"`);
    const { stdout: development } = await shell(
      'api',
      "cd /app/node_modules/.pnpm && ls -d vitest@* typescript@* ox* turbo@* 2>/dev/null; find . -name '*.map' | head -3",
    );
    expect(development).toBe('');
  });

  test('without Redis only the API is unhealthy, and recovers; the other processes wait and lose nothing', async () => {
    const before = (await project.books()).total;
    const [redis = ''] = await project.containers('redis');
    await execa('docker', ['kill', redis]);
    await expect
      .poll(health, { timeout: 150_000, interval: 500 })
      .toMatchObject({ api: 'unhealthy', ingester: 'healthy', 'triage-worker': 'healthy', clusters: 'healthy' });
    await execa('docker', ['start', redis]);
    await expect.poll(health, { timeout: 150_000, interval: 500 }).toEqual(ALL_HEALTHY);
    const { off, total } = await project.books();
    expect(off).toEqual([]);
    expect(total.lost).toBe(0);
    expect(total.queued).toBeGreaterThanOrEqual(before.queued);
  }, 600_000);

  test('stops every process cleanly', async () => {
    await project.compose('stop', '--timeout', '60');
    expect((await inspect()).map(({ State }) => State.ExitCode)).toEqual([0, 0, 0, 0, 0]);
  }, 600_000);

  test('leaves no container, network or volume when it is taken down', async () => {
    await project.down();
    expect(await leftOf(project.name)).toEqual([]);
  }, 600_000);
});
