import { startRedisServer } from '../../test/fixtures/redis-server.ts';
import { playNoise } from './noise/noise-run.ts';
import type { Bench } from '../run.ts';
import { round } from '../figures.ts';

const CLUSTERS = 10;

export const bench: Bench = {
  description:
    '30 minutes of crash loops, broken rollouts, a failing CronJob, a lost node and a flapping probe on 10 clusters: messages and investigations for each problem, against the rules before problems had a life',
  async measure(progress) {
    const redis = await startRedisServer();
    try {
      const now = await playNoise({ redisUrl: redis.url, clusters: CLUSTERS, rules: 'now' });
      progress(JSON.stringify(now));
      const before = await playNoise({ redisUrl: redis.url, clusters: CLUSTERS, rules: 'before' });
      progress(JSON.stringify(before));
      return { ...ratiosOf(now), before: ratiosOf(before) };
    } finally {
      await redis.stop();
    }
  },
};

function ratiosOf(run: Awaited<ReturnType<typeof playNoise>>): Record<string, unknown> {
  const { problems, bot_messages, messages_without_edits, investigations, received, missed } = run;
  return {
    messages_per_problem: round(bot_messages / problems),
    messages_per_problem_without_edits: round(messages_without_edits / problems),
    investigations_per_problem: round(investigations / problems),
    missed,
    events_per_message: round(received / bot_messages),
    not_recovered: run.not_recovered,
    unfounded: run.unfounded,
    problems,
    received,
    books_balance: run.balanced,
  };
}
