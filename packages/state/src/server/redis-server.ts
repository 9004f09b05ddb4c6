import type { RedisProblem } from '@nightcrier/core/redis-health';
import type { Redis } from 'ioredis';
import { probes } from './acl.ts';
import { parseInfo, type ServerFacts } from './server-facts.ts';
import { serverProblems } from './server-problems.ts';

/** Returns what is wrong with the server behind a connection. Writes nothing. Rejects while Redis is unreachable. */
export async function readServerProblems(redis: Redis, keyPrefix: string): Promise<RedisProblem[]> {
  const facts = await readServerFacts(redis);
  // A replica refuses what it is asked for another reason.
  const missing = facts.role === 'slave' ? [] : await readMissingRules(redis, keyPrefix);
  return serverProblems(facts, missing);
}

/** Returns what the server says about itself. @throws Error while Redis is unreachable */
export async function readServerFacts(redis: Redis): Promise<ServerFacts> {
  return parseInfo(await redis.info());
}

/** Returns what identifies the process of the server: it changes with a restart, and with a fail-over. */
export async function readRunId(redis: Redis): Promise<string> {
  return /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1] ?? '';
}

/**
 * Returns the rules that the ACL of the connection's user lacks. Redis checks the permission when a command is queued in
 * a transaction, and this transaction is discarded.
 */
export async function readMissingRules(redis: Redis, keyPrefix: string): Promise<string[]> {
  const commands = probes(`{${keyPrefix}}:acl-probe`);
  const pipeline = redis.pipeline();
  pipeline.call('MULTI');
  for (const [name = '', ...words] of commands) pipeline.call(name, ...words);
  pipeline.call('DISCARD');
  const replies = (await pipeline.exec()) ?? [];
  const refusals = commands.map((_, at) => replies[at + 1]?.[0]?.message ?? '');
  const keys = refusals.some((message) => KEYS_REFUSED.test(message)) ? [`~{${keyPrefix}}:*`] : [];
  return [
    ...commands.flatMap(([name = ''], at) => (COMMAND_REFUSED.test(refusals[at] ?? '') ? [`+${name}`] : [])),
    ...keys,
  ];
}

const COMMAND_REFUSED = /^NOPERM .*\bcommand\b/;
const KEYS_REFUSED = /^NOPERM .*\bkeys?\b/;
