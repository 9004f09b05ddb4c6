import { NO_USAGE } from '@nightcrier/core/incidents/agent-usage';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { Secret } from '@nightcrier/core/settings/secret';
import { startConnectProxy } from '../../../test/fixtures/connect-proxy.ts';
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiUnderTest, fault, openReadyApi } from '../../api/test/api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const cli = path.join(import.meta.dirname, '../src/main.ts');
const nightcrier = ({ url }: ApiUnderTest, ...args: string[]) =>
  execa(process.execPath, [cli, ...args], {
    reject: false,
    env: { PATH: process.env.PATH, NIGHTCRIER_API_URL: url },
    extendEnv: false,
  });

describe('the connection to the API', () => {
  test('goes through the proxy that the environment names', async () => {
    const access_key = 'key-of-the-proxy-test';
    await using api = await openReadyApi(server.url, { accessKey: new Secret(access_key) });
    const proxy = await startConnectProxy();
    const { port } = new URL(api.url);
    // Only the proxy resolves this name.
    const env = {
      PATH: process.env.PATH,
      NIGHTCRIER_API_ACCESS_KEY: access_key,
      NIGHTCRIER_API_URL: `http://api.test:${port}`,
    };
    const books = async (variables: Record<string, string>) =>
      execa(process.execPath, [cli, 'books'], { reject: false, env: { ...env, ...variables }, extendEnv: false });
    expect(await books({ HTTP_PROXY: proxy.url })).toMatchObject({ exitCode: 0 });
    expect([...proxy.forwarded]).toEqual([`api.test:${port}`]);
    const mistyped = await books({ HTTP_PROXY: 'ftp://user:secret-of-proxy@proxy' });
    expect(mistyped).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('HTTP_PROXY') });
    expect(mistyped.stderr).not.toContain('secret-of-proxy');
    proxy.close();
  });
});

describe('nightcrier books', () => {
  test('exits 0 if the books balance, else 1 with the counts that do not', async () => {
    await using api = await openReadyApi(server.url);
    await api.admission.admit(fault());
    const good = await nightcrier(api, 'books');
    expect(good).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('the books balance') });
    expect(good.stdout).toMatch(/received +1 +1/);
    const [books] = await api.redis.keys(`*${api.key_prefix}*:intake`);
    await api.redis.hincrby(String(books), 'queued', 1);
    expect(await nightcrier(api, 'books')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('all clusters: queued is 2, but waiting 1'),
    });
    expect(JSON.parse((await nightcrier(api, 'books', '-o', 'json')).stdout)).toMatchObject({ balanced: false });
  });
});

describe('nightcrier incidents', () => {
  test('requeue prints the new incident, and fails with the reason', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const early = await nightcrier(api, 'incidents', 'requeue', incidentId);
    expect(early).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('only one that has ended') });
    await api.incidents.finish(incidentId, { state: 'failed' });
    const { exitCode, stdout } = await nightcrier(api, 'incidents', 'requeue', incidentId);
    expect(exitCode).toBe(0);
    expect(await api.incidents.get(stdout)).toMatchObject({ state: 'queued', previous_incident_id: incidentId });
  });

  test('cancel ends an incident that waits, with reason and who, and fails if it has ended', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const words = ['incidents', 'cancel', incidentId, '--reason', 'known outage', '--by', 'alice'];
    expect(await nightcrier(api, ...words)).toMatchObject({
      exitCode: 0,
      stdout: `incident ${incidentId} is cancelled`,
    });
    const shown = await nightcrier(api, 'incidents', 'show', incidentId);
    expect(shown.stdout).toMatch(/state +cancelled: by alice: known outage\n/);
    expect((await nightcrier(api, 'incidents', 'list', '--state', 'cancelled')).stdout).toContain('known outage');
    expect(await nightcrier(api, ...words)).toMatchObject({
      exitCode: 1,
      stderr: `nightcrier: incident ${incidentId} has ended before: its state is cancelled`,
    });
  });

  test('cancel of an incident that runs says that its worker stops it, and who asked by default', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    await api.redis.set(`${api.queue.toKey(incidentId)}:lock`, 'token', 'PX', 60_000);
    await api.incidents.begin(incidentId);
    expect(await nightcrier(api, 'incidents', 'cancel', incidentId)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/ is investigating; its worker stops it within seconds/),
    });
    expect((await nightcrier(api, 'incidents', 'show', incidentId)).stdout).toMatch(/cancelling +20\d\d-/);
    expect(await api.incidents.get(incidentId)).toMatchObject({ cancel_requested_by: userInfo().username });
  });

  test('show warns of quotes that are not in the recorded output', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const unsupported = { count: 3, quotes: ['exit code 137', 'OOMKilled'] };
    const report = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [], unsupported };
    await api.incidents.finish(incidentId, { state: 'reported', report });
    const { stdout } = await nightcrier(api, 'incidents', 'show', incidentId);
    expect(stdout).toMatch(/caution +3 quotes in the report not found in the recorded output, such as "exit code 137"/);
  });

  test('show prints the usage of the agents', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const tokens = { input_tokens: 4_800, output_tokens: 136, cost_usd: 0.013 };
    await api.incidents.addUsage(incidentId, 'claude', { ...NO_USAGE, ...tokens, turns: 4, cost_source: 'cli' });
    const show = async (): Promise<string> => (await nightcrier(api, 'incidents', 'show', incidentId)).stdout;
    expect(await show()).toMatch(/usage +4 turns, 0 tool calls, 4,800 \+ 136 tokens, \$0\.0130\n/);
    const unpriced = { ...NO_USAGE, denials: 2, input_tokens: 1_000, unpriced_tokens: 1_000 };
    await api.incidents.addUsage(incidentId, 'codex', unpriced);
    expect(await show()).toContain('(2 denied), 5,800 + 136 tokens, $0.0130, cost of 1,000 tokens unknown');
  });

  test('show lists the members, and split investigates one of them separately', async () => {
    await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
    const member = fault();
    const { incidentId } = await api.admission.admit(fault());
    await api.admission.admit(member);
    const { stdout: shown } = await nightcrier(api, 'incidents', 'show', incidentId);
    expect(shown).toMatch(new RegExp(`member +${member.event.faultId} +Pod shop/cart-7d4b9c-abcde`));
    const { exitCode, stdout } = await nightcrier(api, 'incidents', 'split', incidentId, member.event.faultId);
    expect(exitCode).toBe(0);
    expect(await api.incidents.get(stdout)).toMatchObject({ fingerprint: member.event.faultId, state: 'queued' });
  });
});

describe('nightcrier knowledge test', () => {
  test('shows which articles match an incident, by which conditions, and exits 1 if a file has a problem', async () => {
    await using api = await openReadyApi(server.url);
    const folder = await mkdtemp(path.join(tmpdir(), 'knowledge-'));
    try {
      const { incidentId } = await api.admission.admit(fault());
      const culprit = { kind: 'Deployment', namespace: 'shop', name: 'cart' };
      const hypothesis = { cause: 'oom_limit' as const, culprit, confidence: 95, title: 'T' };
      const diagnosis = { version: 1, determined: true, hypotheses: [hypothesis] };
      const report = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [], diagnosis };
      await api.incidents.finish(incidentId, { state: 'reported', report });
      await writeFile(
        path.join(folder, 'memory.md'),
        '---\nmatchers: cluster=~".+"\ncauses: [oom_limit]\n---\n# Memory\n',
      );
      await writeFile(path.join(folder, 'beta.md'), '---\nmatchers: cluster=beta\n---\n# Beta\n');
      const words = ['knowledge', 'test', incidentId, '--dir', folder];
      const { exitCode, stdout } = await nightcrier(api, ...words);
      expect(exitCode).toBe(0);
      expect(stdout.split('\n')).toEqual([
        'matches  memory.md  Memory',
        expect.stringMatching(/^ {2}✓ cluster=~"\.\+" {2}\(is ".+"\)$/),
        '  ✓ cause in (oom_limit)  (is "oom_limit")',
        'does not match  beta.md  Beta',
        expect.stringMatching(/^ {2}✗ cluster="beta" {2}\(is ".+"\)$/),
      ]);
      await writeFile(path.join(folder, 'bad.md'), 'text');
      const bad = await nightcrier(api, ...words, '-o', 'json');
      expect(bad).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('bad.md:1:1: has no front matter') });
      expect(JSON.parse(bad.stdout)).toMatchObject({ articles: [{ matches: false }, { matches: true }] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
