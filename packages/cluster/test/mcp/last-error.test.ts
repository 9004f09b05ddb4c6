import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { expect, test } from 'vitest';
import { type Script, ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

const patient = { timeout: 60_000 };

/** Answers `initialize` with a status. */
const refusing = (status: number): Script => ({
  post: ({ method }, response) => method === 'initialize' && Boolean(response.writeHead(status).end()),
});

test('the health shows the last error through every attempt until the cluster is active again', async () => {
  const server = await ScriptedServer.start(refusing(503));
  const history: ClusterHealth[] = [];
  const watched = watchCluster(server.endpoint, {
    onHealthChange: () => history.push(watched.connection.health()),
  });
  const health = (): ClusterHealth => watched.connection.health();
  const failedWith = (error: RegExp) =>
    expect
      .poll(() => history.some((one) => one.status === 'failed' && error.test(one.error ?? '')), patient)
      .toBe(true);

  await failedWith(/HTTP 503/);
  server.script = refusing(401);
  await failedWith(/refused the credentials \(HTTP 401/);
  server.script = {};
  await watched.active();
  expect(health()).not.toHaveProperty('error');
  expect(health()).not.toHaveProperty('retry_in');

  const recovered = history.length;
  for (const stream of server.streams) stream.destroy();
  await failedWith(/event stream/);
  await watched.active();
  expect(health()).not.toHaveProperty('error');

  const [first, ...attempts] = history.slice(0, recovered);
  expect(first).toMatchObject({ status: 'connecting' });
  expect(first).not.toHaveProperty('error');
  for (const { status, error, retry_in } of attempts) {
    expect(error === undefined, `error while ${status}`).toBe(status === 'active');
    expect(retry_in === undefined, `retry_in while ${status}`).toBe(status !== 'failed');
  }
  const failures = attempts.filter(({ status }) => status === 'failed');
  expect(failures.every(({ retry_in }) => /^\d+\.\ds$/.test(retry_in ?? ''))).toBe(true);
  // Within a status, other parts of the health may change.
  const steps = history.slice(recovered).filter(({ status }, index, all) => status !== all[index - 1]?.status);
  expect(steps.map(({ status, error }) => [status, error !== undefined])).toEqual([
    ['failed', true],
    ['connecting', true],
    ['connected', true],
    ['subscribing', true],
    ['active', false],
  ]);
});
