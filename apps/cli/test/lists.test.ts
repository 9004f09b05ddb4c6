import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { execa } from 'execa';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ApiUnderTest, fault, openReadyApi } from '../../api/test/api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const cli = path.join(import.meta.dirname, '../src/main.ts');
const nightcrier = async ({ url }: ApiUnderTest, ...args: string[]) =>
  execa(process.execPath, [cli, ...args], {
    reject: false,
    env: { PATH: process.env.PATH, NIGHTCRIER_API_URL: url },
    extendEnv: false,
  });
const withProblem = (problem = 'shop/cart') => ({ ...fault('prod', 'critical'), problem });

describe('lists', () => {
  test('incidents: id, state, severity, cluster, resource, cause and age; the other formats hold the same rows', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault('prod', 'critical'));
    const { stdout } = await nightcrier(api, 'incidents', 'list');
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'STATE', 'SEVERITY', 'CLUSTER', 'RESOURCE', 'CAUSE', 'AGE'],
      [
        incidentId.slice(0, 8),
        'queued',
        'critical',
        'prod',
        'Pod shop/cart-7d4b9c-abcde',
        '–',
        expect.stringMatching(/^\d+s$/),
      ],
    ]);
    const dates = (await nightcrier(api, 'incidents', 'list', '--absolute')).stdout.split('\n');
    expect(dates[1]).toMatch(/ {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const row = { incident_id: incidentId, state: 'queued', cluster: 'prod' };
    expect(JSON.parse((await nightcrier(api, 'incidents', 'list', '-o', 'json')).stdout)).toMatchObject(row);
    expect(parse((await nightcrier(api, 'incidents', 'list', '-o', 'yaml')).stdout)).toMatchObject([row]);
    expect((await nightcrier(api, 'incidents', 'list', '-o', 'wide')).stdout).toContain(incidentId);
  });

  test('an incident is named by the beginning of its id, if that is one', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const shown = await nightcrier(api, 'incidents', 'show', incidentId.slice(0, 8));
    expect(shown.stdout).toContain(incidentId);
    expect(await nightcrier(api, 'incidents', 'show', 'zz')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no incident begins with "zz"'),
    });
    for (let more = 0; more < 20; more += 1) await api.admission.admit(fault());
    const first = (await api.incidents.list({ limit: 500 })).incidents
      .map(({ incident_id: id }) => id[0] ?? '')
      .find((digit, index, digits) => digits.indexOf(digit) !== index);
    expect((await nightcrier(api, 'incidents', 'show', first ?? '')).stderr).toMatch(/incidents begin with/);
  });

  test('problems are listed, shown and acknowledged', async () => {
    await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
    await api.admission.admit(withProblem());
    const { stdout } = await nightcrier(api, 'problems', 'list');
    expect(stdout.split('\n')[1]).toMatch(/^prod +shop\/cart +firing +critical /);
    const acknowledged = await nightcrier(
      api,
      'problems',
      'ack',
      'prod',
      'shop/cart',
      '--by',
      'alice',
      '--comment',
      'mine',
    );
    expect(acknowledged.stdout).toBe('problem prod shop/cart acknowledged');
    const shown = (await nightcrier(api, 'problems', 'show', 'prod', 'shop/cart')).stdout;
    expect(shown).toMatch(/^taken over +alice: mine$/m);
    expect(await nightcrier(api, 'problems', 'show', 'prod', 'shop/none')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('has no problem "shop/none"'),
    });
  });

  test.each([[['clusters']], [['clusters', 'list']]])(
    '%j: which are not watched decides the exit code',
    async (words) => {
      await using api = await openReadyApi(server.url);
      const { exitCode, stdout } = await nightcrier(api, ...words);
      expect(exitCode).toBe(1);
      expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
        ['CLUSTER', 'STATUS'],
        ['prod', 'disconnected'],
        ['staging', 'disconnected'],
      ]);
      expect((await nightcrier(api, 'queue')).stdout).toMatch(/^waiting +0$/m);
    },
  );

  test('silences and keys are added, listed and ended, and the audit log says by whom', async () => {
    await using api = await openReadyApi(server.url);
    const words = [
      'silence',
      'add',
      'cluster=prod',
      'namespace=~"shop-.*"',
      '--duration',
      '2h',
      '--comment',
      'a migration',
    ];
    const added = await nightcrier(api, ...words, '--by', 'alice');
    expect(added.stdout).toMatch(/^[0-9a-f]{12}$/);
    expect((await nightcrier(api, 'silence', 'list')).stdout).toMatch(
      new RegExp(`${added.stdout} +active +cluster=prod,namespace=~"shop-\\.\\*" .* alice +a migration`),
    );
    expect((await nightcrier(api, 'silence', 'expire', added.stdout)).exitCode).toBe(0);
    expect((await nightcrier(api, 'silence', 'list')).stdout).toBe('no silences');
    expect((await nightcrier(api, ...words, '--end', '2030-01-01T00:00:00Z')).exitCode).toBe(64);

    const key = await nightcrier(api, 'key', 'add', 'ci', '--role', 'operator', '--expires', '90d');
    expect(key.stdout).toMatch(/^nightcrier_[0-9a-f]{12}_[\w-]{43}$/);
    expect((await nightcrier(api, 'key', 'list')).stdout).toMatch(/ ci +operator /);
    expect((await nightcrier(api, 'key', 'revoke', 'ci')).stdout).toContain('(ci) revoked');
    expect((await nightcrier(api, 'key', 'add', 'x', '--expires', 'soon')).exitCode).toBe(64);
    const audit = (await nightcrier(api, 'audit')).stdout;
    expect(audit).toMatch(/alice +silence_added/);
    expect(audit).toMatch(/key_revoked/);
  });
});
