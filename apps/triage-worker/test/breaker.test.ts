import { isFinal } from '@nightcrier/core/incidents/incident';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { harness } from './file-harness.ts';
import { WebhookReceiver } from './notification/webhook-receiver.ts';

const runs = async (): Promise<number> =>
  (await readFile(path.join(harness.folder, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1;
const admitAll = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => harness.admit()));
const THREE = { failure_threshold_for_alert: 3 };
const patience = { timeout: 60_000 };

it('three workers with failing agents send one degraded and one recovered alert, and built-in reports in between', async () => {
  await using receiver = await WebhookReceiver.start();
  const notified = (): { event: string; problem: { component?: string } }[] =>
    receiver.deliveries.map(({ body }) => JSON.parse(body));
  const alerts = (): unknown[] => notified().filter(({ problem }) => problem.component === 'agents');
  const settings = { ...THREE, webhook_url: receiver.url, breaker_probe_interval: 1, max_agents_per_cluster: 0 };
  const config = harness.config({ ...settings, max_concurrent_agents: 1 }, { agent: 'works-if-it-may' });
  for (let worker = 0; worker < 3; worker += 1) await harness.startWorker(config);

  const failing = await admitAll(3);
  await Promise.all(failing.map((id) => harness.reaches(id, 'agent_failed')));
  await expect.poll(alerts, patience).toMatchObject([
    {
      event: 'firing',
      problem: {
        message: expect.stringMatching(/^Agents are degraded: failures in a row: 3; .*claude exited with code 3/),
      },
    },
  ]);

  const passedOver = await admitAll(6);
  const incidents = () => Promise.all(passedOver.map((id) => harness.incident(id)));
  const open = async (): Promise<number> => (await incidents()).filter(({ state }) => !isFinal(state)).length;
  await expect.poll(open, patience).toBe(0);
  // The others were probes, one a second: how many depends on the machine.
  const builtin = (await incidents()).filter(({ agent }) => agent === 'builtin');
  expect(builtin.length).toBeGreaterThan(0);
  expect(builtin[0]?.reason).toMatch(/^fallback to builtin: claude is degraded after \d+ failures, the last one: /);
  expect(await harness.incidents.report(builtin[0]!.incident_id)).toContain('Written by the built-in analyser');

  await writeFile(path.join(harness.folder, 'agents-work'), '');
  await expect
    .poll(async () => {
      await harness.reaches(await harness.admit(), 'reported');
      return alerts();
    }, patience)
    .toHaveLength(2);
  expect(alerts()[1]).toMatchObject({
    event: 'recovered',
    problem: { state: 'recovered', since: expect.any(String), recovered_at: expect.any(String) },
  });
  const last = await harness.admit();
  expect(await harness.reaches(last, 'reported')).toMatchObject({ agent: 'claude' });
  // Single failures send no notification.
  expect(notified().filter(({ event }) => event === 'investigation_failed')).toEqual([]);
  expect(alerts()).toHaveLength(2);
});

it('a probe whose run starts no agent is given back, and the next incident probes', async () => {
  const settings = { failure_threshold_for_alert: 1, breaker_probe_interval: 1, max_attempts: 1 };
  const config = harness.config(settings, { agent: 'works-if-it-may' });
  const first = await harness.startWorker(config);
  await harness.reaches(await harness.admit(), 'agent_failed');
  const degradedAt = Date.now();
  await first.stop();
  await expect.poll(() => Date.now() - degradedAt, patience).toBeGreaterThan(1_000);

  const blocked = await harness.admit();
  await writeFile(harness.workspace(blocked), 'not a directory');
  await harness.startWorker(config);
  await harness.reaches(blocked, 'failed');
  await writeFile(path.join(harness.folder, 'agents-work'), '');
  expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({ agent: 'claude' });
});

it('an agent that cannot be started counts as failed, and its incident gets a built-in report in the end', async () => {
  await harness.startWorker(harness.config({ ...THREE, max_attempts: 5 }, { agent: 'engine-unavailable' }));
  const id = await harness.admit('image-pull-back-off');
  expect(await harness.reaches(id, 'reported')).toMatchObject({
    agent: 'builtin',
    attempts: 4,
    reason: expect.stringContaining('the container engine or the agent image is unavailable'),
  });
});

it('while claude is degraded, the next agent of agent_fallback runs instead', async () => {
  const settings = { agent_fallback: ['codex', 'builtin'], failure_threshold_for_alert: 1, breaker_probe_interval: 60 };
  await harness.startWorker(harness.config(settings, { agent: 'provider-refuses-claude' }));
  await harness.reaches(await harness.admit(), 'reported');
  const id = await harness.admit();
  expect(await harness.reaches(id, 'reported')).toMatchObject({
    agent: 'codex',
    reason: expect.stringMatching(
      /^fallback to codex: claude is degraded after 1 failure, the last one: claude: Failed to authenticate/,
    ),
  });
  // Claude was not started.
  expect(harness.logger.lines.filter(({ fields }) => fields.incident_id === id)).toContainEqual(
    expect.objectContaining({
      message: 'fallback agent started',
      fields: expect.objectContaining({ reason: 'degraded' }),
    }),
  );
  await expect(readFile(harness.workspace(id, 'attempts/1/output/investigation.md'))).rejects.toThrow('ENOENT');
});

it('a report of the built-in analyser neither counts as a failure nor resets the breaker', async () => {
  const claude = await harness.startWorker(harness.config(THREE, { agent: 'works-if-it-may' }));
  for (let run = 0; run < 2; run += 1) await harness.reaches(await harness.admit(), 'agent_failed');
  await claude.stop();
  const builtin = await harness.startWorker(harness.config());
  await harness.reaches(await harness.admit(), 'reported');
  await builtin.stop();
  await harness.startWorker(harness.config({ ...THREE, breaker_probe_interval: 60 }, { agent: 'works-if-it-may' }));
  await harness.reaches(await harness.admit(), 'agent_failed');
  expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({ agent: 'builtin' });
  expect(await runs()).toBe(3);
});
