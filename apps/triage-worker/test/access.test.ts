import type { State } from '@nightcrier/state/open-state';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ADMIN_TOKEN, TestBackend } from './backend.ts';
import { TestHarness } from './harness.ts';

let backend: TestBackend;
let harness: TestHarness;
let state: State;
beforeAll(async () => {
  backend = await TestBackend.start();
});
afterAll(() => backend.stop());
beforeEach(async () => {
  harness = await TestHarness.open(backend);
  ({ state } = harness);
});
afterEach(async () => {
  await harness.close();
});

const ADDRESS = {
  id: 'g1',
  host: hostname(),
  socket_dir: '/elsewhere',
  kube_url: 'https://127.0.0.1:7001',
  llm_url: 'http://127.0.0.1:7002',
  ca: 'a certificate',
};

it.each(['kube_access', 'llm_access'])(
  '%s: gateway applies to the next run, which needs a gateway',
  async (setting) => {
    const settings = { anthropic_api_key: 'the-key', max_attempts: 1, agent_fallback: ['builtin' as const] };
    const agent = { agent: 'writes-report' };
    const worker = await harness.startWorker(harness.config(settings, agent));
    expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({ agent: 'claude' });
    worker.reloading.apply(harness.config({ ...settings, [setting]: 'gateway' }, agent));
    expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({
      agent: 'builtin',
      agent_failures: [{ kind: 'unavailable', reason: expect.stringContaining('no gateway runs on this machine') }],
    });
  },
);

it('a script gets a kubeconfig and a model behind the gateway, with a token that ends with the run', async () => {
  await state.gateways.report(ADDRESS);
  const access = { kube_access: 'gateway', llm_access: 'gateway' } as const;
  await harness.startWorker(harness.config({ ...access, anthropic_api_key: 'the-key' }, { agent: 'writes-report' }));
  const id = await harness.admit();
  expect(await harness.reaches(id, 'reported')).toMatchObject({ agent: 'claude' });

  const environment = await readFile(harness.workspace(id, 'environment.txt'), 'utf8');
  expect(environment).toContain(`ANTHROPIC_BASE_URL=${ADDRESS.llm_url}`);
  expect(environment).not.toContain('the-key');
  const flags = (await readFile(harness.workspace(id, 'flags.txt'), 'utf8')).split('\n');
  const kubeconfig = await readFile(flags[flags.indexOf('--kubeconfig') + 1] ?? '', 'utf8');
  expect(kubeconfig).toContain(`server: ${ADDRESS.kube_url}`);
  expect(kubeconfig).not.toContain('simulated-');
  const [, token = ''] = /token: (\S+)/.exec(kubeconfig) ?? [];
  expect(environment).toContain(`ANTHROPIC_API_KEY=${token}`);
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(await state.grants.find(token)).toBeUndefined();
});

it('a quote that came through the kube door is supported', async () => {
  await state.gateways.report(ADDRESS);
  const access = { kube_access: 'gateway', llm_access: 'gateway' } as const;
  const id = await harness.admit('image-pull-back-off');
  const run = { incident_id: id, attempt: 1 };
  const entry = {
    time: new Date().toISOString(),
    door: 'kube',
    verb: 'log',
    target: '/',
    decision: 'allowed',
  } as const;
  await state.doorRecords.add(run, { ...entry, status: 200, bytes: 1, ms: 1 });
  await state.doorRecords.addAnswer(run, 'the kubelet says: exit code 137, I think\n');
  await harness.startWorker(harness.config({ ...access, anthropic_api_key: 'the-key' }, { agent: 'quotes-output' }));
  const { report } = await harness.reaches(id, 'reported');
  expect(report).toMatchObject({ root_cause: 'The stand-in cause.' });
  expect(report).not.toHaveProperty('unsupported');
  expect(await readFile(harness.workspace(id, 'logs/gateway-answers.txt'), 'utf8')).toContain('exit code 137');
});

it.each([
  [{ kube_access: 'gateway' }, 'reported'],
  [{ kube_access: 'gateway', require_read_only: true }, 'failed'],
  [{ kube_access: 'direct' }, 'failed'],
  [{ kube_access: 'direct', require_read_only: false }, 'reported'],
] as const)('with a kubeconfig that can write and %j, an incident is %s', async (settings, expected) => {
  await writeFile(harness.kubeconfig, backend.cluster.kubeconfig(ADMIN_TOKEN));
  await harness.startWorker(harness.config(settings));
  expect(await harness.reaches(await harness.admit(), expected)).toMatchObject({ state: expected });
});

it('a gateway that has been silent for long is none', async () => {
  await state.redis.hset(state.keys.gateways, 'g1', JSON.stringify({ ...ADDRESS, seen: Date.now() - 60_000 }));
  expect(await state.gateways.live()).toEqual([]);
  await state.gateways.report(ADDRESS);
  expect(await state.gateways.live()).toMatchObject([ADDRESS]);
});
