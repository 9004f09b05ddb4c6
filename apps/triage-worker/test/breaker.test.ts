import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { bench } from './bench-of-test.ts';
import { WebhookReceiver } from './notification/webhook-receiver.ts';

const runs = async (): Promise<number> =>
  (await readFile(path.join(bench.folder, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1;
const admitAll = (count: number): Promise<string[]> => Promise.all(Array.from({ length: count }, () => bench.admit()));
const THREE = { failure_threshold_for_alert: 3 };
const patience = { timeout: 30_000 };

it('three workers with failing agents give one degraded and one recovered alert, and built-in reports meanwhile', async () => {
  await using receiver = await WebhookReceiver.start();
  const told = (): { event: string; agents?: object }[] => receiver.deliveries.map(({ body }) => JSON.parse(body));
  const alerts = (): unknown[] => told().filter(({ agents }) => agents !== undefined);
  const settings = { ...THREE, webhook_url: receiver.url, breaker_probe_interval: 1, max_agents_per_cluster: 0 };
  const config = bench.config({ ...settings, max_concurrent_agents: 1 }, { agent: 'works-if-it-may' });
  for (let worker = 0; worker < 3; worker += 1) await bench.startWorker(config);

  const failing = await admitAll(3);
  await Promise.all(failing.map((id) => bench.reaches(id, 'agent_failed')));
  await expect
    .poll(alerts, patience)
    .toMatchObject([
      { event: 'agents_degraded', agents: { agent: 'claude', failures: 3, reason: expect.stringContaining('code 3') } },
    ]);

  const passedOver = await admitAll(6);
  await expect.poll(async () => (await bench.incidents.counts()).resolved, patience).toBeGreaterThan(3);
  const reports = await Promise.all(passedOver.map((id) => bench.incident(id)));
  const builtin = reports.filter(({ agent }) => agent === 'builtin');
  expect(builtin.length).toBeGreaterThan(3);
  expect(builtin[0]?.reason).toMatch(
    /builtin took over: claude was passed over after \d+ failures in a row, the last one: /,
  );
  expect(await bench.incidents.report(builtin[0]!.incident_id)).toContain('Written by the built-in analyser');

  await writeFile(path.join(bench.folder, 'agents-work'), '');
  await expect
    .poll(async () => {
      await bench.reaches(await bench.admit(), 'resolved');
      return alerts();
    }, patience)
    .toHaveLength(2);
  expect(alerts()[1]).toMatchObject({
    event: 'agents_recovered',
    agents: { agent: 'claude', since: expect.any(String), at: expect.any(String), failures: expect.any(Number) },
  });
  const last = await bench.admit();
  expect(await bench.reaches(last, 'resolved')).toMatchObject({ agent: 'claude' });
  // Individual failures tell nobody.
  expect(told().filter(({ event }) => event === 'incident_agent_failed')).toEqual([]);
  expect(alerts()).toHaveLength(2);
});

it('a probe whose run does not get as far as an agent leaves it to the next incident to find out', async () => {
  const settings = { failure_threshold_for_alert: 1, breaker_probe_interval: 1, max_attempts: 1 };
  const config = bench.config(settings, { agent: 'works-if-it-may' });
  const first = await bench.startWorker(config);
  await bench.reaches(await bench.admit(), 'agent_failed');
  const degradedAt = Date.now();
  await first.stop();
  await expect.poll(() => Date.now() - degradedAt, patience).toBeGreaterThan(1_000);

  const blocked = await bench.admit();
  await writeFile(bench.workspace(blocked), 'in the place of the workspace');
  await bench.startWorker(config);
  await bench.reaches(blocked, 'failed');
  await writeFile(path.join(bench.folder, 'agents-work'), '');
  expect(await bench.reaches(await bench.admit(), 'resolved')).toMatchObject({ agent: 'claude' });
});

it('an agent that cannot be started counts, and its incident gets a built-in report in the end', async () => {
  await bench.startWorker(bench.config({ ...THREE, max_attempts: 5 }, { agent: 'engine-unavailable' }));
  const id = await bench.admit('image-pull-back-off');
  expect(await bench.reaches(id, 'resolved')).toMatchObject({
    agent: 'builtin',
    attempts: 4,
    reason: expect.stringContaining('the container engine or the agent image is unavailable'),
  });
});

it('while claude is passed over, the next of agent_fallback takes its place', async () => {
  const settings = { agent_fallback: ['codex', 'builtin'], failure_threshold_for_alert: 1, breaker_probe_interval: 60 };
  await bench.startWorker(bench.config(settings, { agent: 'provider-refuses-claude' }));
  await bench.reaches(await bench.admit(), 'resolved');
  const id = await bench.admit();
  expect(await bench.reaches(id, 'resolved')).toMatchObject({
    agent: 'codex',
    reason: expect.stringMatching(
      /^codex took over: claude was passed over after a failure, the last one: claude: Failed to authenticate/,
    ),
  });
  // It was not even tried.
  expect(bench.logger.lines.filter(({ fields }) => fields.incident_id === id)).toContainEqual(
    expect.objectContaining({ message: 'agent is passed over: agents are degraded' }),
  );
  await expect(readFile(bench.workspace(id, 'attempts/1/output/investigation.md'))).rejects.toThrow('ENOENT');
});

it('the built-in analyser neither counts nor resets', async () => {
  const claude = await bench.startWorker(bench.config(THREE, { agent: 'works-if-it-may' }));
  for (let run = 0; run < 2; run += 1) await bench.reaches(await bench.admit(), 'agent_failed');
  await claude.stop();
  const builtin = await bench.startWorker(bench.config());
  await bench.reaches(await bench.admit(), 'resolved');
  await builtin.stop();
  await bench.startWorker(bench.config({ ...THREE, breaker_probe_interval: 60 }, { agent: 'works-if-it-may' }));
  await bench.reaches(await bench.admit(), 'agent_failed');
  expect(await bench.reaches(await bench.admit(), 'resolved')).toMatchObject({ agent: 'builtin' });
  expect(await runs()).toBe(3);
});
