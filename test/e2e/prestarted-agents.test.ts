import { silentLogger } from '@nightcrier/core/logger';
import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayApp } from '../../apps/gateway/src/app.ts';
import { ContainerSweeper } from '../../apps/triage-worker/src/agent/run/container-sweeper.ts';
import { DockerRuntime } from '../../apps/triage-worker/src/agent/run/docker/docker-runtime.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import {
  CONTAINER_GRACE,
  ON_SIGNAL,
  PATIENCE,
  sandboxed,
  signalAgent,
  untilAdopted,
  untilPrestarted,
} from '../fixtures/sandboxed-agents.ts';
import { useHarness } from '../fixtures/use-harness.ts';

const why = await whyNoDocker();

/** Asks the gateway with the token of the run, then with another, and prints both status lines. */
const ASKS_GATEWAY = `perl -MIO::Socket::UNIX -e '
  for my $token ($ENV{ANTHROPIC_API_KEY}, "x" x 43) {
    my ($path) = glob("/run/nightcrier/*.llm.sock");
    my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
    print $socket "GET /v1/nothing HTTP/1.1\\r\\nHost: gateway\\r\\nConnection: close\\r\\nx-api-key: $token\\r\\n\\r\\n";
    print scalar <$socket>;
  }'`;

describe.skipIf(why)(`a prestarted container${why ? ` (skipped: ${why})` : ''}`, () => {
  let gateway: GatewayApp | undefined;

  // After the workers of the harness, which use it: hooks that were registered last come first.
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });
  const suite = useHarness();

  const stdoutOf = (id: string): Promise<string> =>
    readFile(suite.harness.workspace(id, 'logs/agent-stdout.log'), 'utf8').catch(() => '');

  const stateOf = async (container: string): Promise<string> =>
    (await execa('docker', ['inspect', '--format', '{{.State.Status}}', container], { reject: false })).stdout;

  const containers = async (): Promise<string[]> => {
    const filter = `label=nightcrier.instance=${await suite.harness.instance()}`;
    return (await execa('docker', ['ps', '--all', '--quiet', '--filter', filter], { lines: true })).stdout;
  };

  it('runs the agent of one incident; the next one waits for the next; none remains', async () => {
    const behaviour = `cat /etc/hostname; echo "$NIGHTCRIER_INCIDENT_ID"; cat; ${writesReport()}`;
    const config = await sandboxed(suite.harness, behaviour, { agent_prestarted_containers: 1 });
    const worker = await suite.harness.startWorker(config, CONTAINER_GRACE);
    const first = await untilPrestarted(await suite.harness.instance());
    const id = await suite.harness.admit();
    expect(await suite.harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ agent: 'claude', attempts: 1 });
    expect((await stdoutOf(id)).split('\n').slice(0, 2)).toEqual([first.slice(0, 12), id]);
    expect(await untilPrestarted(await suite.harness.instance())).not.toBe(first);
    await worker.stop();
    expect(await containers()).toEqual([]);
  });

  it('is replaced when a setting of its sandbox changes, and removed when none is to wait', async () => {
    const config = await sandboxed(suite.harness, writesReport(), { agent_prestarted_containers: 1 });
    const worker = await suite.harness.startWorker(config, CONTAINER_GRACE);
    const first = await untilPrestarted(await suite.harness.instance());
    worker.reloading.apply({ ...config, agent_memory: '300m' });
    await expect.poll(() => stateOf(first), { timeout: PATIENCE }).toBe('');
    const second = await untilPrestarted(await suite.harness.instance());
    const { stdout: memory } = await execa('docker', ['inspect', '--format', '{{.HostConfig.Memory}}', second]);
    expect(Number(memory)).toBe(300 * 1024 * 1024);
    worker.reloading.apply({ ...config, agent_prestarted_containers: 0 });
    await expect.poll(() => stateOf(second), { timeout: PATIENCE }).toBe('');
  });

  it('is removed while a worker of an earlier version runs, which would not adopt it', async () => {
    const config = await sandboxed(suite.harness, writesReport(), { agent_prestarted_containers: 1 });
    const worker = await suite.harness.startWorker(config, CONTAINER_GRACE);
    const container = await untilPrestarted(await suite.harness.instance());
    const { redis, keys } = suite.harness.state;
    await redis.zadd(keys.workers, Date.now() + 3_600_000, 'of an earlier version');
    // Not a setting of the sandbox: its change alone removes nothing.
    worker.reloading.apply({ ...config, agent_fallback: ['builtin'] });
    await expect.poll(() => stateOf(container), { timeout: PATIENCE }).toBe('');
    await redis.zrem(keys.workers, 'of an earlier version');
    worker.reloading.apply(config);
    expect(await untilPrestarted(await suite.harness.instance())).not.toBe(container);
  });

  it('ends with its worker, and the next worker removes it, also where it prestarts none', async () => {
    const config = await sandboxed(suite.harness, writesReport(), { agent_prestarted_containers: 1 });
    const worker = await suite.harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
    const orphaned = await untilPrestarted(await suite.harness.instance());
    await worker.kill();
    await expect.poll(() => stateOf(orphaned), { timeout: PATIENCE }).toBe('exited');
    await suite.harness.startWorker({ ...config, agent_prestarted_containers: 0 }, CONTAINER_GRACE);
    await expect.poll(() => stateOf(orphaned), { timeout: PATIENCE }).toBe('');
  });

  it('is adopted with its agent when its worker dies', async () => {
    const config = await sandboxed(suite.harness, `echo begun; ${ON_SIGNAL}; ${writesReport()}`, {
      agent_prestarted_containers: 1,
    });
    const worker = await suite.harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
    await untilPrestarted(await suite.harness.instance());
    const id = await suite.harness.admit();
    await expect.poll(() => stdoutOf(id), { timeout: PATIENCE }).toContain('begun');
    await worker.kill();
    // Its agents would report something else.
    await suite.harness.startWorker(
      await sandboxed(suite.harness, writesReport('Investigated twice.')),
      CONTAINER_GRACE,
    );
    await untilAdopted(id);
    await signalAgent(id);
    expect(await suite.harness.reaches(id, 'reported', PATIENCE)).toMatchObject({
      attempts: 2,
      report: { root_cause: 'The scripted cause.' },
    });
    expect(JSON.parse(await readFile(suite.harness.workspace(id, 'logs/container.json'), 'utf8'))).toMatchObject({
      container: expect.stringMatching(new RegExp(`^nc-${id}-1\\.`)),
      reason: 'exited',
    });
  });

  it('is removed when a worker of an earlier version has started another agent for its incident', async () => {
    const instance = await suite.harness.instance();
    const [id, other] = [await suite.harness.admit(), await suite.harness.admit()];
    const started: string[] = [];
    const start = async (name: string, labels: Record<string, string>): Promise<string> => {
      const all = { instance, agent: 'claude', output: 'held', inputs: 'awaited', timeout: '300', ...labels };
      const flags = Object.entries(all).flatMap(([label, value]) => ['--label', `nightcrier.${label}=${value}`]);
      const { stdout } = await execa('docker', [
        'run',
        '-d',
        '--name',
        name,
        ...flags,
        await buildObedientAgent(),
        'sleep',
        '300',
      ]);
      started.push(stdout);
      return stdout;
    };
    const runtime = new DockerRuntime({ engine: () => 'docker', environment: process.env, workerId: 'new' });
    const config = await sandboxed(suite.harness, writesReport());
    const { incidents } = suite.harness;
    const sweeper = new ContainerSweeper({
      config: () => config,
      instance,
      incidents,
      runtime,
      workers: async () => undefined,
      logger: silentLogger,
    });
    try {
      const superseded = await start(`nc-${id}-1`, { component: 'prestarted' });
      const alone = await start(`nc-${other}-1`, { component: 'prestarted' });
      // The labels of the version before prestarted containers.
      const deadline = String(Math.floor(Date.now() / 1000) + 300);
      const again = await start(`nc-${id}-2`, {
        component: 'agent',
        cluster: 'alpha',
        incident: id,
        attempt: '2',
        deadline,
      });
      sweeper.start();
      await expect.poll(() => stateOf(superseded), { timeout: PATIENCE }).toBe('');
      expect([await stateOf(alone), await stateOf(again)]).toEqual(['running', 'running']);
    } finally {
      await sweeper.stop();
      await runtime.close();
      await execa('docker', ['rm', '--force', ...started], { reject: false });
    }
  });

  it('has sockets of its own, on which the token of its run is valid, and no other', async () => {
    const config = await sandboxed(suite.harness, `${ASKS_GATEWAY}; ${writesReport()}`, {
      kube_access: 'gateway',
      llm_access: 'gateway',
      data_dir: path.join(suite.harness.folder, 'data'),
      gateway_socket_dir: path.join(suite.harness.folder, 'sockets'),
      agent_prestarted_containers: 1,
    });
    gateway = new GatewayApp({ config, logger: silentLogger });
    await gateway.start();
    await suite.harness.startWorker(config, CONTAINER_GRACE);
    const container = await untilPrestarted(await suite.harness.instance());
    const { stdout: mounts } = await execa('docker', ['inspect', '--format', '{{json .Mounts}}', container]);
    expect(mounts).toMatch(
      /"Source":"[^"]*\/sockets\/[0-9a-f]{12}","Destination":"\/run\/nightcrier","Mode":"","RW":false/,
    );
    const id = await suite.harness.admit();
    const incident = await suite.harness.reaches(id, 'reported', PATIENCE);
    expect((await stdoutOf(id)).split('\r\n').slice(0, 2)).toEqual([
      expect.stringContaining(' 403'),
      expect.stringContaining(' 401'),
    ]);
    // Both are recorded on the incident, although the sockets were opened before it.
    expect(incident.gateway).toMatchObject({ llm_requests: 2, llm_denied: 2 });
    expect(JSON.parse(await readFile(suite.harness.workspace(id, 'logs/container.json'), 'utf8'))).toMatchObject({
      container: `nc-${id}-1`,
    });
  });
});
