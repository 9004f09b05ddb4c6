import { silentLogger } from '@nightcrier/core/logger';
import { openState } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayApp } from '../../apps/gateway/src/app.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { writesReport } from '../fixtures/obedient-agent.ts';
import { PodmanEngine, whyNoPodman } from '../fixtures/podman-engine.ts';
import { CONTAINER_GRACE, ON_SIGNAL, PATIENCE, sandboxed } from '../fixtures/sandboxed-agents.ts';
import { useHarness } from '../fixtures/use-harness.ts';

const why = (await whyNoDocker()) ?? (await whyNoPodman());

/** Prints the bounds of the output, and what may not be possible. */
const LOOKS_AROUND = `
stat --file-system --format '%T %c files %b blocks' output
stat --format '%U %a' output "$HOME"
(echo x >>incident.json) 2>/dev/null && echo 'inputs are writable'
touch "$HOME/written" && echo 'home is writable'`;

describe.skipIf(why)(`with podman${why ? ` (skipped: ${why})` : ''}`, () => {
  let engine: PodmanEngine;
  const suite = useHarness();

  beforeAll(async () => {
    engine = await PodmanEngine.start();
  }, PATIENCE);
  afterAll(async () => engine[Symbol.asyncDispose]());

  /** Starts a worker in a process of its own. */
  const startWorker = async (config: Parameters<typeof suite.harness.options>[0]) =>
    suite.harness.startWorkerProcess(config, {
      grace: CONTAINER_GRACE,
      environment: { ...suite.harness.options(config).environment, CONTAINER_HOST: engine.host },
    });
  const log = async (id: string): Promise<string> =>
    readFile(suite.harness.workspace(id, 'logs/agent-stdout.log'), 'utf8').catch(() => '');

  it('an agent runs in a container whose isolation is proven and whose output is bounded, and nothing remains', async () => {
    const config = await sandboxed(suite.harness, `${LOOKS_AROUND}; ${writesReport()}`, {
      agent_engine: 'podman',
      kube_access: 'gateway',
      llm_access: 'gateway',
      data_dir: path.join(suite.harness.folder, 'data'),
      gateway_socket_dir: path.join(suite.harness.folder, 'sockets'),
    });
    const gateway = new GatewayApp({ config, logger: silentLogger });
    await gateway.start();
    const redis = connectProducer({ url: suite.backend.redis.url, key_prefix: 'unused' }, silentLogger);
    await once(redis, 'ready');
    try {
      await startWorker(config);
      const id = await suite.harness.admit();
      expect(await suite.harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ agent: 'claude', attempts: 1 });
      expect((await log(id)).trim().split('\n')).toEqual([
        'tmpfs 4096 files 16384 blocks',
        expect.stringMatching(/^\S+ 700$/),
        expect.stringMatching(/^\S+ 700$/),
        'home is writable',
      ]);
      const { isolation } = openState(redis, { key_prefix: suite.harness.key_prefix, logger: silentLogger });
      await expect
        .poll(() => isolation.read(), { timeout: PATIENCE })
        .toMatchObject([{ state: 'proven', findings: [], image: config.agent_image }]);
      await expect.poll(() => engine.podman('ps', '--all', '--quiet'), { timeout: PATIENCE }).toEqual([]);
      await expect.poll(() => engine.podman('volume', 'ls', '--quiet'), { timeout: PATIENCE }).toEqual([]);
    } finally {
      await gateway.stop();
      await disconnect(redis);
    }
  });

  it('an agent outlives its worker and is adopted; a container that waits for a run ends with its worker', async () => {
    const behaviour = `echo begun; ${ON_SIGNAL}; ${writesReport()}`;
    const config = await sandboxed(suite.harness, behaviour, {
      agent_engine: 'podman',
      agent_prestarted_containers: 1,
    });
    const worker = await startWorker(config);
    const waiting = async (): Promise<string[]> =>
      engine.podman('ps', '--quiet', '--no-trunc', '--filter', 'name=nightcrier-prestarted-');
    await expect.poll(waiting, { timeout: PATIENCE }).toHaveLength(1);
    const [first] = await waiting();
    const id = await suite.harness.admit();
    await expect.poll(() => log(id), { timeout: PATIENCE }).toContain('begun');
    const running = await engine.podman('ps', '--quiet', '--no-trunc', '--filter', `name=nc-${id}-1`);
    expect(running).toEqual([first]);
    // The next one.
    await expect.poll(waiting, { timeout: PATIENCE }).toHaveLength(1);
    await worker.kill();
    await expect.poll(waiting, { timeout: PATIENCE }).toEqual([]);
    await startWorker({ ...config, agent_prestarted_containers: 0 });
    const adopted = async (): Promise<string[]> => engine.podman('ps', '--all', '--format', '{{.Names}}');
    await expect.poll(adopted, { timeout: PATIENCE }).toEqual([expect.stringContaining(`nc-${id}-1.`)]);
    await engine.podman('cp', suite.harness.kubeconfig, `${first}:/home/work/go`);
    expect(await suite.harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ agent: 'claude', attempts: 2 });
  });
});
