import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { settingsForThread } from './thread-settings.ts';

/** Imports the file of the thread, and sends the addresses of all modules that this loads. */
const PROGRAM = `
const { registerHooks } = require('node:module');
const { parentPort } = require('node:worker_threads');
const loaded = [];
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
void import(${JSON.stringify(new URL('lease-thread.ts', import.meta.url).href)}).then(() => parentPort.postMessage(loaded));
`;

test('the lease thread loads no schemas, which would take 8 MB in each ingester', async () => {
  const redis = settingsForThread({ url: 'redis://127.0.0.1:1', key_prefix: 'unused' });
  const workerData = { redis, id: 'own', length: 6_000, pulse: new SharedArrayBuffer(4) };
  const thread = new Worker(PROGRAM, { eval: true, workerData });
  onTestFinished(async () => void (await thread.terminate()));
  const [loaded]: unknown[] = await once(thread, 'message');
  expect(loaded).toContainEqual(expect.stringContaining('heartbeat.ts'));
  expect(loaded).not.toContainEqual(expect.stringContaining('/zod'));
});
