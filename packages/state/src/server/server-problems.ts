import type { RedisProblem } from '@nightcrier/core/redis-health';
import type { ServerFacts } from './server-facts.ts';

/** The oldest version that is supported. */
const OLDEST = [6, 2] as const;

/** Decides what is wrong with a server. `missing`: rules that the ACL of its user lacks. */
export function serverProblems(facts: ServerFacts, missing: readonly string[]): RedisProblem[] {
  return [
    ...kindProblems(facts),
    ...permissionProblems(missing),
    ...memoryProblems(facts),
    ...persistenceProblems(facts),
  ];
}

function kindProblems({ cluster, role, version }: ServerFacts): RedisProblem[] {
  const problems: RedisProblem[] = [];
  if (cluster) {
    const message =
      'Redis Cluster is not supported: set redis.url to a Redis without cluster-enabled, or redis.sentinel';
    problems.push({ code: 'cluster', blocks: true, message });
  }
  if (role === 'slave') {
    const message = 'this Redis is a replica and accepts no writes: set redis.url to the master, or redis.sentinel';
    problems.push({ code: 'replica', blocks: true, message });
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (version !== '' && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    problems.push({ code: 'version', blocks: false, message: `Redis ${version} is too old: 6.2 is needed` });
  }
  return problems;
}

function permissionProblems(missing: readonly string[]): RedisProblem[] {
  if (missing.length === 0) return [];
  const message = `the ACL of the Redis user lacks ${missing.join(' ')}: add it with ACL SETUSER, or to the ACL file`;
  return [{ code: 'permission', blocks: true, message }];
}

function memoryProblems({ evictionPolicy, evictedKeys, usedMemory, maxMemory }: ServerFacts): RedisProblem[] {
  const problems: RedisProblem[] = [];
  if (evictionPolicy !== 'noeviction') {
    const message = `maxmemory-policy is ${evictionPolicy}, under which Redis deletes incidents: CONFIG SET maxmemory-policy noeviction`;
    problems.push({ code: 'eviction_policy', blocks: false, message });
  }
  if (evictedKeys > 0) {
    const message = `Redis has deleted ${evictedKeys} keys to free memory since its start: incidents and counts may be missing`;
    problems.push({ code: 'evicted', blocks: false, message });
  }
  if (maxMemory > 0 && usedMemory >= maxMemory) {
    const message = `Redis uses ${usedMemory} of ${maxMemory} bytes and refuses writes: raise maxmemory`;
    problems.push({ code: 'full', blocks: true, message });
  }
  return problems;
}

function persistenceProblems({ persists }: ServerFacts): RedisProblem[] {
  if (persists) return [];
  const message = 'Redis cannot write its append-only file or its snapshots: free disk space, see its log';
  return [{ code: 'persistence', blocks: false, message }];
}
