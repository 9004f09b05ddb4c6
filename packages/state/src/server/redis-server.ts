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
  const missing = await missingInTransactions(redis);
  // Without a transaction that is discarded, the commands would be executed.
  if (missing.length > 0) return missing;
  const commands = probes(`{${keyPrefix}}:acl-probe`, redis.options.db ?? 0);
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

/** Returns which rules for transactions are lacking. Leaves none open: the connection would execute nothing any more. */
async function missingInTransactions(redis: Redis): Promise<string[]> {
  const names = ['MULTI', 'DISCARD', 'EXEC'];
  const pipeline = redis.pipeline();
  for (const name of names) pipeline.call(name);
  const replies = (await pipeline.exec()) ?? [];
  const missing = names.filter((_, at) => COMMAND_REFUSED.test(replies[at]?.[0]?.message ?? ''));
  // A transaction that can be neither discarded nor executed ends with its connection.
  if (!missing.includes('MULTI') && missing.includes('DISCARD') && missing.includes('EXEC')) redis.disconnect(true);
  return missing.map((name) => `+${name.toLowerCase()}`);
}

const COMMAND_REFUSED = /\bNOPERM .*\bcommand\b/;
const KEYS_REFUSED = /^NOPERM .*\bkeys?\b/;
