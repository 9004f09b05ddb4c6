import { NewSilence } from '@nightcrier/core/silences/silence';
import { expect, test } from 'vitest';
import { clusterConfig, configOf, simulate, startIngester, useRedis } from './ingester.fixture.ts';

useRedis();
const patient = { timeout: 60_000 };
const silence = (changes: object = {}) =>
  NewSilence.parse({ matchers: 'cluster="alpha"', duration: 3600, comment: 'a migration', ...changes });

test('a silenced fault is counted and marked, and investigated when the silence ends and it is still firing', async () => {
  const cluster = await simulate();
  const { state, incidents, counts, active, lines } = await startIngester(configOf([await clusterConfig(cluster)]));
  const { id } = await state.silences.add(silence({ matchers: 'namespace!="",cluster=~"al.*"' }), 'alice');
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  await expect.poll(counts, patient).toMatchObject({ silenced: 1, queued: 0 });
  const marked = async () => (await state.problems.page({ limit: 10 })).problems.map(({ silenced }) => silenced);
  await expect.poll(marked, patient).toEqual([expect.objectContaining({ id, by: 'alice', reason: 'a migration' })]);
  expect(await incidents()).toEqual([]);
  expect(lines.filter(({ message }) => message === 'fault silenced')).toMatchObject([
    { fields: { cluster: 'alpha', by: 'alice', silence: id } },
  ]);

  await state.silences.expire(id, 'alice');
  await expect.poll(counts, patient).toMatchObject({ silenced: 1, queued: 1 });
  expect(await incidents()).toHaveLength(1);
  await expect.poll(marked, patient).toEqual([undefined]);
  await expect.poll(() => state.silencedFaults.clusters(), patient).toEqual([]);
});

test('a silence that investigates leaves the investigation, and marks the problem before it is announced', async () => {
  const cluster = await simulate();
  const { state, incidents, counts, active } = await startIngester(configOf([await clusterConfig(cluster)]));
  await state.silences.add(silence({ investigate: true }), 'alice');
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  await expect.poll(incidents, patient).toHaveLength(1);
  expect(await counts()).toMatchObject({ silenced: 0, queued: 1 });
  await expect
    .poll(async () => (await state.problems.page({ limit: 10 })).problems, patient)
    .toMatchObject([{ silenced: { by: 'alice' } }]);
  expect(await state.problemOutbox.due()).toEqual([]);
});

test('a silence marks what is firing already, and its end takes the mark away', async () => {
  const cluster = await simulate();
  const { state, incidents, active } = await startIngester(configOf([await clusterConfig(cluster)]));
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  await expect.poll(incidents, patient).toHaveLength(1);
  const silencedBy = async () =>
    (await state.problems.page({ limit: 10 })).problems.map(({ silenced }) => silenced?.by);
  const { id } = await state.silences.add(silence({ matchers: 'severity="critical"' }), 'alice');
  await expect.poll(silencedBy, patient).toEqual(['alice']);
  await state.silences.expire(id, 'alice');
  await expect.poll(silencedBy, patient).toEqual([undefined]);
});

test('a maintenance window silences, by the configuration', async () => {
  const cluster = await simulate();
  const window = { name: 'always', matchers: 'cluster="alpha"', cron: '* * * * *', duration: 3600 };
  const config = configOf([await clusterConfig(cluster)], { maintenance_windows: [window] });
  const { counts, active } = await startIngester(config);
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  await expect.poll(counts, patient).toMatchObject({ silenced: 1, queued: 0 });
});
