import { startRedisServer } from '../../test/fixtures/redis-server.ts';
import { type Storm, storm } from '../../packages/state/test/storm.ts';
import type { Bench } from '../run.ts';

const PROCESSES = 4;
const CALLS = 20_000;

export const bench: Bench = {
  description: '4 processes with 32 admissions in flight each against small limits: the largest queue, and the books',
  async measure(progress) {
    const server = await startRedisServer();
    const figures: Record<string, Omit<Storm, 'books'>> = {};
    try {
      for (const [bounds, settings] of Object.entries({
        global_1000: { global_queue_size: 1_000 },
        global_100: { global_queue_size: 100 },
        cluster_30: { global_queue_size: 1_000, cluster_queue_size: 30 },
      }))
        for (const queue_overflow_policy of ['drop', 'reject'] as const)
          for (const workers of [false, true]) {
            const name = `${bounds} ${queue_overflow_policy} ${workers ? 'with' : 'without'} workers`;
            const load = { processes: PROCESSES, calls: CALLS / PROCESSES, workers };
            const { books, ...figure } = await storm(server.url, { ...settings, queue_overflow_policy }, load);
            if (books.received !== CALLS) figure.off.push(`${CALLS} sent, ${books.received} received`);
            figures[name] = figure;
            progress(`${name}: at most ${figure.most_waiting} waited`);
          }
      return figures;
    } finally {
      await server.stop();
    }
  },
};
