import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { valueAt } from '../src/kubernetes/objects/kubernetes-object.ts';
import { connect } from './mcp-client.fixture.ts';

const entry = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-main-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Starts the process; it is killed when the test ends, if not before. */
function simulator(...args: string[]) {
  return execa(process.execPath, [entry, `--dir=${folder}`, ...args], { reject: false, timeout: 30_000 });
}

/** A line of its output. */
const Line = z.object({
  event: z.string(),
  cluster: z.string().optional(),
  scenario: z.string().optional(),
  delivered: z.int().optional(),
  fault: z.looseObject({ faultId: z.string() }).optional(),
  clusters: z
    .array(z.object({ name: z.string(), mcp_endpoint: z.url(), kubernetes_url: z.url(), kubeconfig: z.string() }))
    .default([]),
});
type Line = z.infer<typeof Line>;
const lineOf = (text: string): Line => Line.parse(JSON.parse(text));

test('starts clusters, writes their files, plays scenarios for a subscriber, and ends cleanly on SIGTERM', async () => {
  const running = simulator(
    '--clusters=east,west',
    '--tls',
    '--scenarios=oom-killed,failed-job',
    '--fault-interval=0.01',
    '--wait-for-subscriber=120',
  );
  const lines: Line[] = [];
  for await (const text of running) {
    const line = lineOf(text);
    lines.push(line);
    if (line.event === 'ready') {
      for (const { mcp_endpoint } of line.clusters) {
        const { client, subscribe } = await connect(mcp_endpoint);
        await client.setLoggingLevel('info');
        await subscribe();
      }
    }
    if (line.event === 'done') running.kill('SIGTERM');
  }
  expect((await running).exitCode).toBe(0);
  const [ready, ...played] = lines;
  expect(ready?.clusters.map(({ name }) => name)).toEqual(['east', 'west']);
  for (const cluster of ['east', 'west']) {
    expect(played.filter((line) => line.cluster === cluster)).toMatchObject([
      { event: 'scenario', scenario: 'oom-killed', delivered: 0, fault: { faultType: 'OOMKilled' } },
      { event: 'scenario', scenario: 'failed-job', delivered: 1, fault: { faultType: 'JobFailure' } },
    ]);
  }

  const kubeconfig = join(folder, 'east.kubeconfig');
  const file: unknown = parse(await readFile(join(folder, 'clusters.yaml'), 'utf8'));
  expect(valueAt(file, 'clusters.0')).toEqual({
    name: 'east',
    environment: 'simulated',
    labels: { simulated: 'true' },
    mcp: { endpoint: ready?.clusters[0]?.mcp_endpoint },
    triage: { enabled: true, kubeconfig },
  });
  expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
  expect(parse(await readFile(kubeconfig, 'utf8'))).toMatchObject({
    clusters: [
      { cluster: { server: ready?.clusters[0]?.kubernetes_url, 'certificate-authority-data': expect.any(String) } },
    ],
  });
});

test('starts after the longest wait for a subscriber, and repeats with new pods', async () => {
  const running = simulator(
    '--clusters=solo',
    '--scenarios=oom-killed',
    '--wait-for-subscriber=0.1',
    '--fault-interval=0.01',
    '--repeat',
  );
  const faultIds = new Set<string>();
  for await (const text of running) {
    const { event, fault } = lineOf(text);
    if (event === 'scenario' && fault) faultIds.add(fault.faultId);
    if (faultIds.size === 3) running.kill('SIGINT');
  }
  expect((await running).exitCode).toBe(0);
});

test.each([
  ['--scenarios=meteor', /there is no scenario "meteor"; use all, none, or some of crash-loop-back-off/],
  ['--clusters=a,a', /"a" is listed twice/],
  ['--clusters=../a', /"\.\.\/a" is not a cluster name/],
  ['--base-port=99999', /"99999" is not a port/],
  ['--speed=0', /"0" is not a positive number/],
  ['--pods=many', /"many" is not a number of pods/],
  ['--fault-interval=soon', /"soon" is not a number of seconds/],
  ['--role=king', /unknown role "king"; use one of read-only/],
])('refuses %s and says why', async (argument, message) => {
  const { exitCode, stderr } = await simulator('--clusters=a', argument);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(message);
});

test('fails with an error that names the address when a port is in use', async () => {
  const first = simulator('--clusters=a', '--scenarios=none');
  for await (const text of first) {
    const { event, clusters } = lineOf(text);
    if (event !== 'ready') continue;
    const port = new URL(clusters[0]?.mcp_endpoint ?? '').port;
    const second = await simulator('--clusters=a', `--base-port=${port}`);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`EADDRINUSE.*${port}`));
    first.kill();
  }
  expect((await first).exitCode).toBe(0);
});
