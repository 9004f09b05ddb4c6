/**
 * The commands that Nightcrier and BullMQ send, also from scripts, each with arguments under which it could be queued in a
 * transaction: `K` is a key, `DB` the number of a database. ACL users need no others. `HELLO`, `AUTH` and `QUIT` are allowed to every user.
 */
const COMMANDS: Record<string, string> = {
  bzpopmin: 'K 1',
  del: 'K',
  discard: '',
  eval: 'return|0 0',
  evalsha: '0000000000000000000000000000000000000000 0',
  exec: '',
  exists: 'K',
  get: 'K',
  hdel: 'K f',
  hexists: 'K f',
  hget: 'K f',
  hgetall: 'K',
  hincrby: 'K f 1',
  hincrbyfloat: 'K f 1',
  hlen: 'K',
  hmget: 'K f',
  hmset: 'K f v',
  hset: 'K f v',
  hsetnx: 'K f v',
  hvals: 'K',
  incr: 'K',
  info: '',
  lindex: 'K 0',
  llen: 'K',
  lpop: 'K',
  lpos: 'K v',
  lpush: 'K v',
  lrange: 'K 0 0',
  lrem: 'K 0 v',
  lset: 'K 0 v',
  ltrim: 'K 0 0',
  mget: 'K',
  mset: 'K v',
  multi: '',
  persist: 'K',
  pexpire: 'K 1',
  ping: '',
  pttl: 'K',
  rename: 'K K',
  rpop: 'K',
  rpoplpush: 'K K',
  rpush: 'K v',
  sadd: 'K m',
  scard: 'K',
  select: 'DB',
  set: 'K v',
  smembers: 'K',
  srem: 'K m',
  time: '',
  type: 'K',
  xadd: 'K * f v',
  xrange: 'K - +',
  xread: 'STREAMS K 0',
  xrevrange: 'K + -',
  xtrim: 'K MAXLEN 1',
  zadd: 'K 1 m',
  zcard: 'K',
  zcount: 'K 0 0',
  zpopmin: 'K',
  zrange: 'K 0 0',
  zrangebyscore: 'K 0 0',
  zrem: 'K m',
  zremrangebyrank: 'K 0 0',
  zremrangebyscore: 'K 0 0',
  zrevrange: 'K 0 0',
  zrevrangebyscore: 'K 0 0',
  zscore: 'K m',
};

/**
 * Commands whose lack is no failure: `client|setname` names a connection in `CLIENT LIST`; the others show at once that the connection
 * of an ingester was closed, which its missing sign of life shows later.
 */
const OPTIONAL = ['client|setname', 'pubsub|numsub', 'subscribe'];

/** Commands that begin or end a transaction cannot be queued in one. */
const NOT_QUEUED = new Set(['multi', 'exec', 'discard']);

/** Returns the rules of an ACL user who may do what Nightcrier does, and nothing else. */
export function aclRules(keyPrefix: string): string[] {
  return [
    'resetkeys',
    `~{${keyPrefix}}:*`,
    'resetchannels',
    `&{${keyPrefix}}:*`,
    '-@all',
    ...[...Object.keys(COMMANDS), ...OPTIONAL].map((name) => `+${name}`),
  ];
}

/**
 * Returns commands that Redis accepts in a transaction from a user who may send them, as words.
 * @param database of the connection: ioredis remembers the one that was sent last, and selects it after a reconnect
 */
export function probes(key: string, database: number): string[][] {
  const values = new Map([
    ['K', key],
    ['DB', String(database)],
  ]);
  return Object.entries(COMMANDS).flatMap(([name, example]) => {
    if (NOT_QUEUED.has(name)) return [];
    const words = example.split(' ').filter(Boolean);
    return [[name, ...words.map((word) => values.get(word) ?? word.replace('|', ' '))]];
  });
}
