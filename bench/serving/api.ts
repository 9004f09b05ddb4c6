import type { State } from '@nightcrier/state/open-state';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { startApiProcess } from './api/api-process.ts';
import { read, startSameBytes } from './api/read.ts';
import { writeProblems } from './api/recorded-state.ts';
import { quantile, round } from '../figures.ts';
import type { Bench } from '../run.ts';

const CLUSTERS = 1_000;
const PROBLEMS = 10_000;
const LISTENERS = 500;
const READERS = 40;
const ROUND_MS = 1_500;
const ROUNDS = 4;
const PAGES = 300;

export const bench: Bench = {
  description:
    'GET /health/clusters of 1,000 clusters by 40 readers, against a Fastify route that answers with the same bytes; pages of 10,000 problems; an event to 500 listeners',
  async measure(progress) {
    await using resources = new AsyncDisposableStack();
    const { url, agent, state, clusters } = await startApiProcess(resources, CLUSTERS);
    const body = await read(agent, `${url}/health/clusters`);
    const { url: sameBytes, process: baseline } = await startSameBytes(body);
    const rates = { health: 0, same: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(`health of ${CLUSTERS} clusters, ${body.length} bytes, round ${round + 1} of ${ROUNDS}`);
      const [health, same] = [await rate(agent, `${url}/health/clusters`), await rate(agent, sameBytes)];
      // The first one warms both up.
      if (round > 0) [rates.health, rates.same] = [rates.health + health, rates.same + same];
    }
    baseline.kill();
    progress(`pages of ${PROBLEMS} problems`);
    await writeProblems(state, clusters, PROBLEMS);
    const pages = await pageTimes(agent, `${url}/api/problems?limit=50`);
    progress(`an event to ${LISTENERS} listeners`);
    const events = await eventTime(state, `${url}/api/stream`);
    return {
      ratio: round(rates.health / rates.same),
      health_per_s: Math.round(rates.health / (ROUNDS - 1)),
      same_bytes_per_s: Math.round(rates.same / (ROUNDS - 1)),
      health_bytes: body.length,
      problems_p50_ms: round(quantile(pages, 0.5)),
      problems_p99_ms: round(quantile(pages, 0.99)),
      stream_all_ms: round(events),
    };
  },
};

/** Requests per second of readers that each send one after the other. */
async function rate(agent: Agent, url: string): Promise<number> {
  const end = performance.now() + ROUND_MS;
  let answers = 0;
  const reader = async (): Promise<void> => {
    while (performance.now() < end) {
      await read(agent, url);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return answers / (ROUND_MS / 1000);
}

/** Times of pages, each after the one before, from the first to the last and again, in ms. */
async function pageTimes(agent: Agent, url: string): Promise<number[]> {
  const Page = z.object({ problems: z.array(z.unknown()), next: z.string().optional() });
  const times: number[] = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES + 20; page += 1) {
    const began = performance.now();
    const body = await read(agent, next === undefined ? url : `${url}&cursor=${next}`);
    if (page >= 20) times.push(performance.now() - began);
    const parsed = Page.parse(JSON.parse(body.toString()));
    if (parsed.problems.length !== 50) throw new Error(`a page has ${parsed.problems.length} problems`);
    ({ next } = parsed);
  }
  return times;
}

/** Returns the time from a change to its event at the last listener, in ms. */
async function eventTime(state: State, url: string): Promise<number> {
  const agent = new Agent({ maxSockets: Infinity });
  const streams = await Promise.all(
    Array.from({ length: LISTENERS }, async () => {
      const [response] = await once(get(url, { agent }), 'response');
      return z.custom<IncomingMessage>().parse(response);
    }),
  );
  const name = 'a-cluster-of-the-bench';
  const got = streams.map(async (stream) => {
    for await (const chunk of stream) if (String(chunk).includes(name)) return performance.now();
    throw new Error('a stream ended');
  });
  const [seconds = 0] = await state.redis.time();
  const began = performance.now();
  await state.events.noteClusters([{ name, status: 'active' }], (seconds + 60) * 1000);
  const times = await Promise.all(got);
  agent.destroy();
  return Math.max(...times) - began;
}
