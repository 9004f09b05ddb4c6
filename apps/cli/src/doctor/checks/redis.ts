import type { RedisProblem } from '@nightcrier/core/redis-health';
import { randomUUID } from 'node:crypto';
import type { Config } from '@nightcrier/core/settings/config';
import type { State } from '@nightcrier/state/open-state';
import { readMissingRules, readServerFacts } from '@nightcrier/state/server/redis-server';
import { describeAddress } from '@nightcrier/state/redis/redis-settings';
import { silentLogger } from '@nightcrier/core/logger';
import { findNativeServer } from '../../embedded-redis/native-redis.ts';
import type { Check, CheckContext } from '../check.ts';
import { failed, type Finding, ok, reasonOf, warning } from '../finding.ts';

/** A slower answer makes each admission and each job slow, ms. */
const SLOW_MS = 20;
const PINGS = 20;
/** Damaged values that are named. */
const LISTED = 5;

/** Redis: reachable, suitable, durable, writable and fast. */
export const redis: Check = {
  name: 'redis',
  examine: (context) => [{ subject: 'redis', run: async () => inspect(context) }],
};

async function inspect({ config, redis: shared }: CheckContext): Promise<Finding[]> {
  const access = await shared.access();
  if (access.kind === 'embedded') return embedded();
  const address = describeAddress(config.redis);
  if (access.kind === 'failed') return [unreachable(config.redis, address, access.reason)];
  const { state } = access;
  const [problems, facts] = await Promise.all([state.serverProblems(), readServerFacts(state.redis)]);
  const cli = redisCli(address);
  const found: Finding[] = [];
  // The user may lack the permission to read it.
  if (!problems.some(({ blocks }) => blocks)) found.push(...(await damaged(state, cli)));
  for (const problem of problems) found.push(await described(problem, state, config, address));
  if (!facts.appendOnly) {
    const message = 'Redis keeps no append-only file: a restart loses what was queued since its last snapshot';
    found.push(warning(address, message, `${cli} CONFIG SET appendonly yes, and "appendonly yes" in redis.conf`));
  }
  if (problems.some(({ blocks }) => blocks)) return found;
  const latency = await measure(state, config.redis.key_prefix);
  if (latency > SLOW_MS) {
    const message = `Redis answers in ${latency.toFixed(0)} ms: each admission and job takes several answers`;
    found.push(warning(address, message, 'run Redis near the workers, or see `redis-cli --latency` and SLOWLOG GET'));
  }
  return found.length > 0 ? found : [ok(address, `${facts.version}, append-only file, ${latency.toFixed(1)} ms`)];
}

/** Values that were moved aside, which something else than Nightcrier has written, or a disk has damaged. */
async function damaged({ damage, keys }: State, cli: string): Promise<Finding[]> {
  const { count, latest } = await damage.read();
  if (count === 0) return [];
  const names = latest.slice(0, LISTED).map(({ name, reason }) => `${name} (${reason})`);
  const more = count > names.length ? `, and ${count - names.length} more` : '';
  const message = `${count} damaged values were moved aside: ${names.join(', ')}${more}`;
  return [
    warning(
      'damaged values',
      message,
      `${cli} DEL '${keys.damaged}', and before that find out what wrote them: HGETALL lists all`,
    ),
  ];
}

async function embedded(): Promise<Finding[]> {
  const server = await findNativeServer(undefined, silentLogger);
  if (server !== undefined) return [ok('embedded', `\`nightcrier up\` starts ${server}`)];
  const message = 'the embedded Redis is Valkey in WebAssembly, which keeps nothing over a restart';
  return [warning('embedded', message, 'install valkey-server or redis-server (6.2 or later), or set redis.url')];
}

function unreachable({ username, sentinel }: Config['redis'], address: string, error: string): Finding {
  const [, ofSentinels] = /^All sentinels are unreachable\..* Last error: (.*)$/s.exec(error) ?? [];
  if (ofSentinels !== undefined && sentinel.hosts) return sentinelsFail(sentinel, address, ofSentinels);
  if (PASSWORD_REFUSED.test(error)) {
    const user = username ?? 'default';
    const fix = `set redis.password_file to the password of the Redis user ${user}`;
    return failed(address, `Redis refuses the password: ${error}`, fix);
  }
  if (/certificate|TLS|SSL/i.test(error)) {
    return failed(
      address,
      error,
      'set redis.ca_file to the authority of the server, and redis.server_name to its name',
    );
  }
  return failed(address, `Redis is unreachable: ${error}`, `start Redis at ${address}, or correct redis.url`);
}

const PASSWORD_REFUSED = /WRONGPASS|NOAUTH|invalid password|invalid username/i;

/** The sentinels do not name a master. */
function sentinelsFail({ hosts = [], name }: Config['redis']['sentinel'], address: string, error: string): Finding {
  if (PASSWORD_REFUSED.test(error)) {
    const fix = 'set redis.sentinel.password_file to the password of the sentinels';
    return failed(address, `the sentinels refuse the password: ${error}`, fix);
  }
  if (error.includes('No such master')) {
    const fix = 'set redis.sentinel.name to a name that SENTINEL MASTERS lists there';
    return failed(address, `the sentinels monitor no master ${name}`, fix);
  }
  const fix = `start sentinels at ${hosts.join(', ')}, or correct redis.sentinel.hosts`;
  return failed(address, `no sentinel names the master: ${error}`, fix);
}

async function described(
  { code, blocks, message }: RedisProblem,
  state: State,
  config: Config,
  address: string,
): Promise<Finding> {
  const report = blocks ? failed : warning;
  const cli = redisCli(address);
  switch (code) {
    case 'cluster':
      return report(address, message, 'set redis.url to a Redis with "cluster-enabled no", or redis.sentinel');
    case 'replica':
      return report(address, message, 'set redis.url to the master, or redis.sentinel.name and redis.sentinel.hosts');
    case 'permission': {
      const rules = await readMissingRules(state.redis, config.redis.key_prefix);
      return report(address, message, `${cli} ACL SETUSER ${config.redis.username ?? 'USER'} ${rules.join(' ')}`);
    }
    case 'eviction_policy': {
      const fix = `${cli} CONFIG SET maxmemory-policy noeviction, and "maxmemory-policy noeviction" in redis.conf`;
      return failed(address, message, fix);
    }
    case 'evicted':
      return report(address, message, `${cli} CONFIG SET maxmemory 0, or more memory; a restart resets the count`);
    case 'full':
      return report(address, message, `${cli} CONFIG SET maxmemory 0, or a higher limit`);
    case 'persistence':
      return report(address, message, `free space in the directory that "${cli} CONFIG GET dir" names`);
    case 'version':
      return failed(address, message, 'upgrade Redis to 7 or later, or use Valkey');
    default:
      return code satisfies never;
  }
}

/** Writes, reads and deletes a key, and returns the time of the fastest of some answers in ms. @throws Error when a value does not come back */
async function measure({ redis: connection }: State, prefix: string): Promise<number> {
  const key = `{${prefix}}:doctor:${randomUUID()}`;
  const written = randomUUID();
  try {
    await connection.set(key, written, 'PX', 60_000);
    const read = await connection.get(key);
    if (read !== written) throw new Error(`Redis returned ${JSON.stringify(read)} for a key that was just written`);
    await connection.del(key);
  } catch (error) {
    throw new Error(`a write failed: ${reasonOf(error)}`, { cause: error });
  }
  const times: number[] = [];
  for (let sent = 0; sent < PINGS; sent += 1) {
    const from = performance.now();
    await connection.ping();
    times.push(performance.now() - from);
  }
  // The fastest: others may have waited for this machine.
  return Math.min(...times);
}

/** The command that speaks to the server, without its password. */
function redisCli(address: string): string {
  const [, host, port] = /^\[?([^\]\s]*)\]?:(\d+)$/.exec(address) ?? [];
  return host === undefined ? 'redis-cli' : `redis-cli -h ${host} -p ${port}`;
}
