import { execa } from 'execa';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { HAS_MONITORING, startPrometheusWith } from '../../../test/fixtures/monitoring-servers.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { fault, openReadyApi } from './api-under-test.ts';

const file = (name: string): URL => new URL(`../../../${name}`, import.meta.url);
const Rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.string(), component: z.string() }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});
const { groups } = Rules.parse(parse(await readFile(file('configs/prometheus/rules.yaml'), 'utf8')));
const rules = groups.flatMap((group) => group.rules);
const METRIC = /\bnightcrier_[a-z_]+/g;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Every query of the board, at any depth. */
function queriesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => queriesOf(item));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    key === 'expr' && typeof item === 'string' ? [item] : queriesOf(item),
  );
}

/** The names of all metrics that the API exports. */
async function exportedMetrics(): Promise<Set<string>> {
  await using api = await openReadyApi(server.url);
  const text = await (await api.get('/metrics')).text();
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
}

describe('the rules for Prometheus', () => {
  test('have a section of the runbook each, and the runbook has no other', async () => {
    const runbook = await readFile(file('docs/runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(sections).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules)
      expect(new URL(annotations.runbook_url).hash).toBe(`#${alert.toLowerCase()}`);
  });

  test('and the board use metrics that exist', async () => {
    const exported = await exportedMetrics();
    const board = await readFile(file('configs/grafana/nightcrier.json'), 'utf8');
    const used = [...rules.map(({ expr }) => expr), board].flatMap((text) => text.match(METRIC) ?? []);
    const known = (name: string): boolean =>
      exported.has(name) || exported.has(name.replace(/_(?:bucket|sum|count)$/, ''));
    expect(used.length).toBeGreaterThan(30);
    expect(used.filter((name) => !known(name))).toEqual([]);
  });

  test.skipIf(!HAS_MONITORING)('and the queries of the board are PromQL, by promtool', async () => {
    const board: unknown = JSON.parse(await readFile(file('configs/grafana/nightcrier.json'), 'utf8'));
    const queries = queriesOf(board).map((expr, at) => ({
      alert: `Panel${at}`,
      expr: expr.replaceAll(/\$__(?:rate_)?interval/g, '5m').replaceAll(/"\$\{?\w+(?::\w+)?\}?"/g, '".*"'),
    }));
    expect(queries.length).toBeGreaterThan(20);
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-board-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const queriesFile = path.join(folder, 'board.yaml');
    await writeFile(queriesFile, stringify({ groups: [{ name: 'board', rules: queries }] }));
    const { exitCode, stdout, stderr } = await execa('promtool', ['check', 'rules', queriesFile], { reject: false });
    expect([exitCode, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  test.skipIf(!HAS_MONITORING)('pass promtool, with their tests', async () => {
    for (const command of [
      ['check', 'rules', 'configs/prometheus/rules.yaml'],
      ['test', 'rules', 'configs/prometheus/rules.test.yaml'],
    ]) {
      const { exitCode, stdout, stderr } = await execa('promtool', command, { cwd: file('.'), reject: false });
      expect([exitCode, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
    }
  });

  test.skipIf(!HAS_MONITORING)(
    'fire in a real Prometheus, each for what is really wrong',
    { timeout: 600_000 },
    async () => {
      const own = await startRedisServer();
      const api = await openReadyApi(own.url, { dailyBudget: { tokens: 100 } }, { global_queue_size: 2 });
      try {
        const quick = {
          groups: groups.map((group) => ({ ...group, rules: group.rules.map((rule) => ({ ...rule, for: '0s' })) })),
        };
        const prometheus = await startPrometheusWith({ target: new URL(api.url).host, rules: quick });
        const firing = async (): Promise<string[]> => {
          const answer: unknown = await (await fetch(`${prometheus}/api/v1/alerts`)).json();
          const { data } = z
            .object({ data: z.object({ alerts: z.array(z.object({ labels: z.object({ alertname: z.string() }) })) }) })
            .parse(answer);
          return data.alerts.map(({ labels }) => labels.alertname);
        };
        const patient = { timeout: 60_000, interval: 300 };
        const shown = new Set<string>();
        /** What ingesters report is forgotten after some seconds. */
        const report = async (): Promise<void> => {
          if (!shown.has('NightcrierClusterUnassigned') || shown.has('NightcrierBooksUnbalanced')) return;
          const health = { name: 'staging', status: 'active', event_count: 0, triage_enabled: false } as const;
          await api.reportHealth({ ...health, degraded: 'push is silent' });
          const spool = { state: 'memory-only', in_memory: 0, disk_bytes: 0, lost: 0 } as const;
          await api.ingesters.publish({ name: 'i', spool });
        };
        const untilFiring = async (...names: string[]): Promise<void> => {
          const reported = async (): Promise<string[]> => {
            await report();
            return firing();
          };
          await expect.poll(reported, patient).toEqual(expect.arrayContaining(names));
          for (const name of names) shown.add(name);
        };
        const { admission, state, redis } = api;
        const spend = async (tokens: number): Promise<void> => {
          const cost = { tokens, usd: 0 };
          const reserved = await state.budgets.reserve({ incident_id: 'i', cluster: 'prod', cost, seconds: 60 }, {});
          if (reserved.kind === 'reserved') await state.budgets.settle(reserved.id, cost);
        };
        // No ingester and no worker runs, and nobody holds a cluster.
        await untilFiring(
          'NightcrierNoIngester',
          'NightcrierNoWorker',
          'NightcrierClusterBlind',
          'NightcrierClusterUnassigned',
        );
        await spend(85);
        await state.receiverHealth.failed('slack-bot', { receiver: 'default', kind: 'slack-bot' }, 'unreachable');
        await untilFiring('NightcrierBudgetNearlyUsed', 'NightcrierClusterDegraded', 'NightcrierReceiverFailing');
        await admission.admit(fault('prod', 'info'));
        await admission.admit(fault('prod', 'info'));
        await expect.poll(firing, patient).not.toContain('NightcrierShedding');
        const { incidentId } = await admission.admit(fault('prod', 'critical'));
        await redis.zadd(state.keys.incidentsIn('queued'), Date.now() - 3_600_000, incidentId);
        const failed = { kind: 'failed', reason: 'x', threshold: 1, probeIntervalSeconds: 60 } as const;
        await state.breaker.record('one', failed);
        await state.breaker.record('two', failed);
        await spend(15);
        await redis.hincrby(state.keys.intake, 'received:prod', 5);
        await untilFiring(
          'NightcrierShedding',
          'NightcrierQueueAgeing',
          'NightcrierAgentsDegraded',
          'NightcrierBudgetUsed',
          'NightcrierSpoolWithoutDisk',
          'NightcrierBooksUnbalanced',
        );
        await redis.config('SET', 'maxmemory', '1');
        await untilFiring('NightcrierRedisNotWritable');
        await own.stop();
        await untilFiring('NightcrierRedisUnreachable');
        await api[Symbol.asyncDispose]();
        await untilFiring('NightcrierDown');
        expect([...shown].toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
      } finally {
        await api[Symbol.asyncDispose]();
        await own.stop();
      }
    },
  );
});
