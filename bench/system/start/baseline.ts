import { Queue, Worker } from 'bullmq';
import fastify from 'fastify';
import { Redis } from 'ioredis';

/** The least that a service with an API and a queue needs: Fastify with one route, BullMQ with one queue and one worker. */
const [port = '', url = ''] = process.argv.slice(2);
const connection = new Redis(url, { maxRetriesPerRequest: null });
const queue = new Queue('bench', { connection });
const worker = new Worker('bench', async () => undefined, { connection });
const app = fastify();
app.get('/readyz', async () => {
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  return { status: 'ok' };
});
await app.listen({ host: '127.0.0.1', port: Number(port) });
process.once('SIGTERM', () => process.exit(0));
