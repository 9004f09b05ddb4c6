import type { Incident } from '@nightcrier/core/incidents/incident';
import { execa } from 'execa';
import { chown, chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildAgentImage } from '../fixtures/agent-image.ts';
import { type ComposeProject, composeProject, leftOf, whyNoProject } from '../fixtures/compose.ts';
import { type StubLlm, startStubLlm } from '../fixtures/stub-llm.ts';
import { INVESTIGATION, REPORT } from '../fixtures/scripted-investigation.ts';

const SOCKET = '/var/run/docker.sock';
const UID = 1000;

describe.skipIf(whyNoProject)(
  `claude in containers, started by a worker in a container${whyNoProject ? ` (skipped: ${whyNoProject})` : ''}`,
  () => {
    let folder: string;
    let network: string;
    let project: ComposeProject;
    let stub: StubLlm;
    let image: string;

    beforeAll(async () => {
      image = await buildAgentImage();
      folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-agents-'));
      const keyFile = path.join(folder, 'key');
      await writeFile(keyFile, 'sk-ant-scripted');
      await chmod(folder, 0o755);
      await chown(keyFile, UID, UID);
      network = path.basename(folder);
      const environment = {
        AGENT_IMAGE: image,
        AGENT_MODEL: 'scripted',
        DOCKER_SOCKET_GROUP: String((await stat(SOCKET)).gid),
        NIGHTCRIER_AGENT_KEY_FILE: keyFile,
        NIGHTCRIER_AGENT_NETWORK: network,
        NIGHTCRIER_GATEWAY_VOLUME: network,
      };
      // The model listens on the agents' network, which must exist first.
      const files = ['docker-compose.agents.yml'];
      const first = await composeProject(files, environment);
      await first.compose('up', '--no-start', '--build');
      const format = '{{(index .IPAM.Config 0).Gateway}}';
      const { stdout: address } = await execa('docker', ['network', 'inspect', '--format', format, network]);
      stub = await startStubLlm({ host: address, steps: INVESTIGATION });
      project = first.with({ ANTHROPIC_BASE_URL: stub.url });
      // Before the others: the first incident is not to find no gateway.
      await project.compose('up', '--detach', 'gateway');
      const [gateway = ''] = await project.containers('gateway');
      const isReady = async (): Promise<boolean> =>
        (await execa('docker', ['logs', gateway], { all: true })).all.includes('gateway started');
      await vi.waitUntil(isReady, { timeout: 150_000, interval: 500 });
      await project.compose('up', '--detach');
    }, 900_000);
    afterAll(async () => {
      await project.down();
      await stub.stop();
      await rm(folder, { recursive: true, force: true });
    }, 600_000);

    test('the report of an incident is written by the agent, which has read the cluster', async () => {
      const find = async (): Promise<Incident | undefined> =>
        (await project.incidents()).find(({ state }) => state === 'reported');
      await expect.poll(find, { timeout: 150_000, interval: 500 }).toBeDefined();
      const incident = await find();
      expect(incident).toMatchObject({ agent: 'claude', attempts: 1 });
      const report = await fetch(`${project.url}/api/incidents/${incident?.incident_id}/report`);
      expect((await report.text()).trim()).toBe(REPORT.trim());
      expect(stub.requests.some(({ raw }) => raw.includes('RESTARTS'))).toBe(true);
      const [worker = ''] = await project.containers('triage-worker');
      const record = ['exec', worker, 'cat', `${incident?.workspace}/logs/container.json`];
      const end: unknown = JSON.parse((await execa('docker', record)).stdout);
      expect(end).toMatchObject({ agent: 'claude', exit_code: 0, reason: 'exited', image });
    }, 600_000);

    test('the worker is not root, and its only access to the engine is the socket’s group', async () => {
      const [worker = ''] = await project.containers('triage-worker');
      const { stdout } = await execa('docker', ['exec', worker, 'sh', '-c', 'id -u; grep CapEff /proc/self/status']);
      expect(stdout).toMatch(/^1000\nCapEff:\s+0+$/);
    });

    test('from the agents’ network the clusters can be reached, and Redis and the API cannot', async () => {
      const addresses = await Promise.all(
        ['redis', 'api'].map(async (service) => {
          const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
          const [container = ''] = await project.containers(service);
          return (await execa('docker', ['inspect', '--format', format, container])).stdout.trim();
        }),
      );
      const targets = ['clusters:9101', 'redis:6379', `${addresses[0]}:6379`, `${addresses[1]}:8080`];
      const probe = targets.map((target, index) => {
        const [host, port] = target.split(':');
        // Only the first one answers.
        const patience = index === 0 ? 60 : 3;
        return `timeout ${patience} bash -c '</dev/tcp/${host}/${port}' 2>/dev/null && echo ${target} answers &`;
      });
      const args = ['run', '--rm', '--network', network, image, 'bash', '-c', `${probe.join(' ')} wait`];
      expect((await execa('docker', args)).stdout).toBe('clusters:9101 answers');
    });

    test('leaves no container, network or volume when it is taken down', async () => {
      await project.down();
      expect(await leftOf(project.name)).toEqual([]);
      expect(await agentsOn(network)).toEqual([]);
    }, 600_000);
  },
);

/** Returns the agents' containers, running or not, of a network. */
async function agentsOn(network: string): Promise<string[]> {
  const filters = ['label=nightcrier.component', `network=${network}`].flatMap((filter) => ['--filter', filter]);
  return (await execa('docker', ['ps', '--all', '--quiet', ...filters], { lines: true })).stdout;
}
