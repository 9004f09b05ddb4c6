import { appendFile, rm } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { KubernetesClients } from '../../src/kubernetes/clients.ts';
import { startStubApiServer } from './stub-api-server.ts';

async function prepare() {
  const server = await startStubApiServer(() => ({ body: { kind: 'Pod' } }));
  onTestFinished(() => server[Symbol.asyncDispose]());
  const clock = { now: Date.now() };
  return { file: await server.kubeconfig(), clock, clients: new KubernetesClients(() => clock.now) };
}

it('gives all who ask within a minute the same client', async () => {
  const { file, clock, clients } = await prepare();
  const [first, second] = await Promise.all([clients.open(file), clients.open(file)]);
  expect(second).toBe(first);
  clock.now += 59_000;
  expect(await clients.open(file)).toBe(first);
  clock.now += 1_000;
  expect(await clients.open(file)).not.toBe(first);
  expect(await first.get(['api', 'v1', 'namespaces', 'shop', 'pods', 'cart'])).toEqual({ kind: 'Pod' });
});

it('reads a kubeconfig anew once it has changed, or its client was of no use', async () => {
  const { file, clients } = await prepare();
  const first = await clients.open(file);
  await appendFile(file, '# changed\n');
  const second = await clients.open(file);
  expect(second).not.toBe(first);
  clients.forget(file);
  expect(await clients.open(file)).not.toBe(second);
});

it('keeps no failure', async () => {
  const { file, clients } = await prepare();
  await expect(clients.open(`${file}-that-is-not-there`)).rejects.toMatchObject({ code: 'kubeconfig' });
  await clients.open(file);
  await rm(file);
  await expect(clients.open(file)).rejects.toMatchObject({ code: 'kubeconfig' });
});
