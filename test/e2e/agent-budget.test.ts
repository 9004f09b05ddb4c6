import type { State } from '@nightcrier/state/open-state';
import { execa, type ResultPromise } from 'execa';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildHijackedAgent } from '../fixtures/hijacked-agent.ts';
import { writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE } from '../fixtures/sandboxed-agents.ts';
import { type StubLlm, startStubLlm } from '../fixtures/stub-llm.ts';

const GATEWAY = path.join(import.meta.dirname, '../../apps/gateway/src/main.ts');
const PATIENCE = 150_000;
/** What an answer of the scripted model costs. */
const TOKENS_EACH = 1234;

const why = await whyNoDocker();

describe.skipIf(why)(`several workers and gateways${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: string;
  let backend: TestBackend;
  let harness: TestHarness;
  let state: State;
  let stub: StubLlm;
  const gateways: ResultPromise[] = [];

  beforeAll(async () => {
    image = await buildHijackedAgent();
    backend = await TestBackend.start({ tls: true });
    stub = await startStubLlm({ steps: [] });
  }, 900_000);
  afterAll(async () => {
    await stub.stop();
    await backend.stop();
  });
  beforeEach(async () => {
    harness = await TestHarness.open(backend);
    ({ state } = harness);
  });
  afterEach(async () => {
    await harness.close();
    await Promise.all(gateways.splice(0).map(async (gateway) => kill(gateway)));
  });

  async function kill(gateway: ResultPromise): Promise<void> {
    gateway.kill('SIGKILL');
    await gateway;
  }

  /** @param behaviour what the agent does, in bash, before it writes its report */
  async function configFor(behaviour: string, settings = {}) {
    const [prompt, keyFile] = [path.join(harness.folder, 'prompt.sh'), path.join(harness.folder, 'key')];
    await writeFile(prompt, `${behaviour}\n${writesReport()}exit\n`);
    await writeFile(keyFile, 'the-key');
    const shared = {
      data_dir: path.join(harness.folder, 'data'),
      gateway_socket_dir: path.join(harness.folder, 's'),
      agent_cli: 'claude' as const,
      agent_model: 'scripted',
      anthropic_api_key_file: keyFile,
      anthropic_base_url: stub.url,
      kube_access: 'gateway' as const,
      llm_access: 'gateway' as const,
      ...settings,
    };
    const file = path.join(harness.folder, 'gateway.yaml');
    const kubeconfig = harness.kubeconfig;
    const clusters = [{ name: 'alpha', source: 'kubernetes', triage: { enabled: true, kubeconfig } }];
    const redis = { url: backend.redis.url, key_prefix: harness.key_prefix };
    await writeFile(file, JSON.stringify({ ...shared, clusters, redis }));
    const config = harness.config({
      ...shared,
      agent_image: image,
      agent_system_prompt_file: prompt,
      agent_memory: '256m',
      agent_timeout: 90,
      shutdown_timeout: 30,
      max_concurrent_agents: 5,
    });
    return { config, file };
  }

  /** Starts a gateway in its own process. Returns how it is killed. */
  async function startGateway(file: string): Promise<() => Promise<void>> {
    const options = { ipc: true, reject: false, stdout: 'ignore', stderr: 'ignore' } as const;
    const gateway = execa(process.execPath, [GATEWAY, '--config', file], options);
    gateways.push(gateway);
    await gateway.getOneMessage({ filter: (message) => message === 'ready' });
    return async () => kill(gateway);
  }

  const ASKS = `
TOKEN=$(sed -n 's/ *token: //p' "$KUBECONFIG")
ask() { curl -s --max-time 30 -o /dev/null -w '%{http_code}\\n' -H "Authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"model":"scripted","max_tokens":100,"messages":[{"role":"user","content":"x"}]}' http://127.0.0.1:7080/v1/messages; }
pods() { kubectl get pods -A -o name; }
`;

  it('never pass the budget of the day, while a gateway is killed and one is added, and every agent goes on', async () => {
    const tokens = 60_000;
    const { config, file } = await configFor(
      `${ASKS}
for i in {1..100}; do status=$(ask); echo "$status" >> output/statuses; [[ $status == 402 ]] && break; sleep 0.2; done
pods > output/pods || pods > output/pods || exit 7`,
      { llm_budgets: { per_day: { tokens } } },
    );
    const killFirst = await startGateway(file);
    await startGateway(file);
    const ids = await Promise.all(Array.from({ length: 6 }, async () => harness.admit()));
    await Promise.all(Array.from({ length: 5 }, async () => harness.startWorker(config, CONTAINER_GRACE)));
    let most = 0;
    const watch = async (): Promise<number> => {
      most = Math.max(most, (await state.budgets.today()).tokens);
      return most;
    };
    await expect.poll(watch, { timeout: PATIENCE }).toBeGreaterThan(0);
    await killFirst();
    await startGateway(file);
    const incidents = await Promise.all(ids.map(async (id) => harness.reaches(id, 'reported', PATIENCE)));
    await watch();
    expect(incidents.map(({ agent }) => agent)).toEqual(ids.map(() => 'claude'));
    const statuses = await Promise.all(
      ids.map(async (id) => readFile(harness.workspace(id, 'output/statuses'), 'utf8')),
    );
    expect(statuses.join('')).toContain('402');
    expect(most).toBeLessThanOrEqual(tokens);
    expect(most).toBeGreaterThanOrEqual(TOKENS_EACH);
  }, 400_000);

  it('end with a clear reason and the built-in report when every gateway has gone', async () => {
    const { config, file } = await configFor(
      `${ASKS}
while curl -sk --max-time 30 -o /dev/null -H "Authorization: Bearer $TOKEN" https://127.0.0.1:7443/version; do sleep 0.2; done; exit 3`,
    );
    const killGateway = await startGateway(file);
    await harness.startWorker({ ...config, agent_fallback: ['builtin'], max_attempts: 1 }, CONTAINER_GRACE);
    const id = await harness.admit();
    await expect
      .poll(async () => (await state.doorRecords.read({ incident_id: id, attempt: 1 })).summary.kube_requests, {
        timeout: PATIENCE,
      })
      .toBeGreaterThan(0);
    await killGateway();
    expect(await harness.reaches(id, 'reported', PATIENCE)).toMatchObject({
      agent: 'builtin',
      agent_failures: [{ kind: 'unavailable', reason: expect.stringContaining('every gateway has stopped') }],
    });
  }, 400_000);
});
