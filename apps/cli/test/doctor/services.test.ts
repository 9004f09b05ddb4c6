import { silentLogger } from '@nightcrier/core/logger';
import { aclRules } from '@nightcrier/state/server/acl';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { freePort } from '@nightcrier/simulator/free-port';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { ScriptedServer } from '../../../../packages/cluster/test/mcp/scripted-server.fixture.ts';
import { startStatelessServer } from '../../../../packages/cluster/test/mcp/stateless-server.fixture.ts';
import { type PlainServer, startPlainServer } from '../../../../packages/state/test/connection/plain-server.ts';
import { findsAndFixes, READER, type Row, runFix, SeededSystem } from './seeded.fixture.ts';

let redis: PlainServer;
let system: SeededSystem;
beforeAll(async () => {
  redis = await startPlainServer({ appendonly: 'yes' });
  system = await SeededSystem.start(`redis://127.0.0.1:${redis.port}`);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

/** Sends a command as the operator of the server. */
async function command(...words: [string, ...string[]]): Promise<void> {
  const connection = connectWorker({ url: system.redisUrl, key_prefix: 'unused' }, silentLogger);
  await connection.call(...words);
  await disconnect(connection);
}
/** A setting of the server, until the test ends. */
async function configure(name: string, value: string, usual: string): Promise<void> {
  await command('CONFIG', 'SET', name, value);
  onTestFinished(async () => command('CONFIG', 'SET', name, usual));
}
const redisOf = (url: string) => ({ redis: { url, key_prefix: 'nc' } });
const closedPort = async (): Promise<number> => freePort();

const REDIS: Row[] = [
  {
    name: 'a Redis that does not run',
    check: 'redis',
    finds: /unreachable: connect ECONNREFUSED/,
    fix: /^start Redis at 127\.0\.0\.1:\d+, or correct redis\.url$/,
    seed: async () => ({
      settings: redisOf(`redis://127.0.0.1:${await closedPort()}`),
      apply: async () => redisOf(system.redisUrl),
    }),
  },
  {
    name: 'a wrong password',
    check: 'redis',
    finds: /refuses the password: WRONGPASS/,
    fix: /^set redis\.password_file to the password of the Redis user operator$/,
    seed: async () => {
      await command('ACL', 'SETUSER', 'operator', 'on', '>right', '~*', '&*', '+@all');
      const user = (password_file: string) => ({
        ...redisOf(system.redisUrl).redis,
        username: 'operator',
        password_file,
      });
      return {
        settings: { redis: user(await system.file('wrong')) },
        apply: async () => ({ redis: user(await system.file('right')) }),
      };
    },
  },
  {
    name: 'an eviction policy',
    check: 'redis',
    finds: /maxmemory-policy is allkeys-lru/,
    fix: /^redis-cli -h 127\.0\.0\.1 -p \d+ CONFIG SET maxmemory-policy noeviction, and /,
    seed: async () => {
      await configure('maxmemory-policy', 'allkeys-lru', 'noeviction');
      return { apply: runFix };
    },
  },
  {
    name: 'no append-only file',
    check: 'redis',
    state: 'warning',
    finds: /keeps no append-only file/,
    fix: /^redis-cli .* CONFIG SET appendonly yes, and /,
    seed: async () => {
      await configure('appendonly', 'no', 'yes');
      return { apply: runFix };
    },
  },
  {
    name: 'a full memory',
    check: 'redis',
    finds: /refuses writes/,
    fix: /^redis-cli .* CONFIG SET maxmemory 0, or /,
    seed: async () => {
      await configure('maxmemory', '500kb', '0');
      return { apply: runFix };
    },
  },
  {
    name: 'a password that sentinels refuse',
    check: 'redis',
    finds: /the sentinels refuse the password: WRONGPASS/,
    fix: /^set redis\.sentinel\.password_file to the password of the sentinels$/,
    seed: async () => {
      const sentinel = {
        name: 'mymaster',
        hosts: `127.0.0.1:${redis.port}`,
        username: 'nobody',
        password: 'not-this-password',
      };
      return { settings: { redis: { sentinel, key_prefix: 'nc' } }, apply: async () => redisOf(system.redisUrl) };
    },
  },
  {
    name: 'sentinels that are none',
    check: 'redis',
    finds: /no sentinel names the master: ERR unknown command/,
    fix: /^start sentinels at 127\.0\.0\.1:\d+, or correct redis\.sentinel\.hosts$/,
    seed: async () => {
      const sentinel = { name: 'mymaster', hosts: `127.0.0.1:${redis.port}` };
      return { settings: { redis: { sentinel, key_prefix: 'nc' } }, apply: async () => redisOf(system.redisUrl) };
    },
  },
  {
    name: 'values that were damaged',
    check: 'redis',
    state: 'warning',
    finds: /1 damaged values were moved aside: \{nc\}:users \(it has another type/,
    fix: /^redis-cli .* DEL '\{nc\}:damaged', and /,
    seed: async () => {
      const record = JSON.stringify({ name: '{nc}:users', reason: 'it has another type', at: Date.now() });
      await command('HSET', '{nc}:damaged', 'count', '1', '1', record);
      return { settings: redisOf(system.redisUrl), apply: runFix };
    },
  },
  {
    name: 'an ACL that lacks commands',
    check: 'redis',
    finds: /lacks \+hset \+zpopmin/,
    fix: /^redis-cli .* ACL SETUSER nc \+hset \+zpopmin$/,
    seed: async () => {
      await command('ACL', 'SETUSER', 'nc', 'on', '>of-the-user', ...aclRules('nc'), '-zpopmin', '-hset');
      const user = {
        ...redisOf(system.redisUrl).redis,
        username: 'nc',
        password_file: await system.file('of-the-user'),
      };
      return { settings: { redis: user }, apply: runFix };
    },
  },
  {
    name: 'a replica',
    check: 'redis',
    finds: /is a replica and accepts no writes/,
    fix: /^set redis\.url to the master, or redis\.sentinel/,
    seed: async () => {
      const replica = await startPlainServer({ appendonly: 'yes', replicaof: `127.0.0.1 ${redis.port}` });
      onTestFinished(async () => replica[Symbol.asyncDispose]());
      return {
        settings: redisOf(`redis://127.0.0.1:${replica.port}`),
        apply: async () => redisOf(system.redisUrl),
      };
    },
  },
  {
    name: 'a clock that is an hour ahead',
    check: 'clock',
    state: 'warning',
    finds: /clock is 3\d{3}\.\d s ahead of Redis/,
    fix: /^synchronise both machines: timedatectl set-ntp true/,
    seed: () => ({ now: () => Date.now() + 3_600_000 }),
  },
];

const MCP: Row[] = [
  {
    name: 'an MCP server that does not run',
    check: 'mcp',
    finds: /cannot reach http.*ECONNREFUSED/,
    fix: /^start the MCP server at http:\/\/127\.0\.0\.1:\d+, or correct mcp\.endpoint of the cluster west$/,
    seed: async () => ({
      settings: { clusters: [await system.entry({ mcp: { endpoint: `http://127.0.0.1:${await closedPort()}/mcp` } })] },
      apply: async () => ({ clusters: [await system.entry()] }),
    }),
  },
  {
    name: 'a wrong path',
    check: 'mcp',
    finds: /nothing is served at .*\/wrong \(HTTP 404\)/,
    fix: /^set mcp\.endpoint of the cluster west to http:\S+\/mcp$/,
    seed: async () => ({
      settings: {
        clusters: [await system.entry({ mcp: { endpoint: system.cluster.mcpEndpoint.replace('/mcp', '/wrong') } })],
      },
      apply: async (fix) => ({ clusters: [await system.entry({ mcp: { endpoint: fix.split(' ').at(-1) } })] }),
    }),
  },
  {
    name: 'a key that is missing',
    check: 'mcp',
    finds: /refused the credentials \(HTTP 401/,
    fix: /^set mcp\.api_key_file of the cluster west to the key that http:\S+ accepts$/,
    seed: async () => {
      const server = await ScriptedServer.start({
        post: (_, response, { headers }) => {
          if (headers.at(-1)?.authorization === 'Bearer the-mcp-key') return false;
          response.writeHead(401).end();
          return true;
        },
      });
      server.lists = { Namespace: [{ metadata: { name: 'default' } }] };
      const { endpoint } = server;
      return {
        settings: { clusters: [await system.entry({ mcp: { endpoint } })] },
        apply: async () => ({
          clusters: [await system.entry({ mcp: { endpoint, api_key_file: await system.file('the-mcp-key') } })],
        }),
      };
    },
  },
  {
    name: 'a server that could push, without sessions',
    check: 'mcp',
    state: 'warning',
    finds: /holds no sessions, and so pushes nothing/,
    fix: /^start the MCP server without --stateless, or set subscribe_mode: poll$/,
    seed: async () => {
      const { endpoint } = await startStatelessServer('stateless');
      return {
        settings: { clusters: [await system.entry({ mcp: { endpoint } })] },
        apply: async () => ({ subscribe_mode: 'poll' }),
      };
    },
  },
  {
    name: 'a server that prints tables',
    check: 'mcp',
    finds: /no whole objects/,
    fix: /^start the MCP server with --list-output yaml$/,
    seed: async () => {
      let format = 'table';
      const server = await ScriptedServer.start({
        post: ({ id, method, params }, response, self) => {
          if (method !== 'tools/call' || params?.name !== 'resources_list') return false;
          const text =
            format === 'table' ? 'NAME      STATUS   AGE\ndefault   Active   1d' : '- metadata: { name: default }';
          self.reply(response, id, { content: [{ type: 'text', text }] });
          return true;
        },
      });
      return {
        settings: { clusters: [await system.entry({ mcp: { endpoint: server.endpoint } })] },
        apply: async () => void (format = 'yaml'),
      };
    },
  },
  {
    name: 'a server whose account may list nothing',
    check: 'mcp',
    finds: /forbidden/,
    fix: /^nightcrier rbac \| kubectl apply -f -, for the account of the MCP server$/,
    seed: () => {
      system.cluster.setMcpRole('nothing');
      onTestFinished(() => system.cluster.setMcpRole('admin'));
      return { apply: async () => system.cluster.setMcpRole('read-only') };
    },
  },
  {
    name: 'a server whose token was revoked',
    check: 'mcp',
    finds: /rejects the credentials of the MCP server/,
    fix: /^renew the kubeconfig or token of the MCP server, and restart it$/,
    seed: () => {
      system.cluster.revokeMcpToken();
      onTestFinished(() => system.cluster.renewMcpToken());
      return { apply: async () => system.cluster.renewMcpToken() };
    },
  },
];

/** A token with an end, which the API server of the simulator accepts as any other. */
function tokenUntil(seconds: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ exp: Math.floor(Date.now() / 1000) + seconds })}.c2lnbmF0dXJl`;
}
function withoutAuthority(kubeconfig: string): string {
  return stringify(
    JSON.parse(JSON.stringify(parse(kubeconfig)), (key, value: unknown) =>
      key === 'certificate-authority-data' ? undefined : value,
    ),
  );
}
const RENEW = /^nightcrier kubeconfig create \S+ --cluster west/;
const GRANT = /^nightcrier rbac --cluster west \| kubectl apply -f -$/;
const withKubeconfig = async (kubeconfig: string, changes = {}) => ({
  clusters: [await system.entry(changes, await system.file(kubeconfig))],
});
/** Gives a token of its own these rights, until the fix makes them the right ones. */
async function withRole(role: Parameters<typeof system.cluster.grant>[0], changes = {}) {
  const token = `token-of-${JSON.stringify(role).length}-${Math.random()}`;
  system.cluster.grant(role, token);
  return {
    settings: await withKubeconfig(system.cluster.kubeconfig(token), changes),
    apply: async () => system.cluster.grant('read-only', token),
  };
}

const KUBECONFIGS: Row[] = [
  {
    name: 'an expired token',
    check: 'kubeconfig',
    finds: /the token of the kubeconfig expired at 20/,
    fix: RENEW,
    seed: async () => ({
      settings: await withKubeconfig(system.cluster.kubeconfig(tokenUntil(-60))),
      apply: async () => withKubeconfig(system.cluster.kubeconfig(READER)),
    }),
  },
  {
    name: 'a token that expires tomorrow',
    check: 'kubeconfig',
    state: 'warning',
    finds: /the token of the kubeconfig expires at 20/,
    fix: RENEW,
    seed: async () => {
      const [soon, later] = [tokenUntil(86_400), tokenUntil(30 * 86_400)];
      for (const token of [soon, later]) system.cluster.grant('read-only', token);
      return {
        settings: await withKubeconfig(system.cluster.kubeconfig(soon)),
        apply: async () => withKubeconfig(system.cluster.kubeconfig(later)),
      };
    },
  },
  {
    name: 'a token that the cluster refuses',
    check: 'kubeconfig',
    finds: /rejects the kubeconfig's credentials \(401/,
    fix: RENEW,
    seed: async () => ({
      settings: await withKubeconfig(system.cluster.kubeconfig('revoked')),
      apply: async () => system.cluster.grant('read-only', 'revoked'),
    }),
  },
  {
    name: 'an API server that does not run',
    check: 'kubeconfig',
    finds: /cannot reach https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/,
    fix: /^let this machine reach the server in \S+, and check its certificate-authority: kubectl --kubeconfig \S+ version$/,
    seed: async () => {
      const wrong = system.cluster
        .kubeconfig(READER)
        .replace(system.cluster.kubernetesUrl, `https://127.0.0.1:${await closedPort()}`);
      return {
        settings: await withKubeconfig(wrong),
        apply: async () => withKubeconfig(system.cluster.kubeconfig(READER)),
      };
    },
  },
  {
    name: 'an API server whose certificate is of another authority',
    check: 'kubeconfig',
    finds: /self-signed certificate/,
    fix: /check its certificate-authority/,
    seed: async () => ({
      settings: await withKubeconfig(withoutAuthority(system.cluster.kubeconfig(READER))),
      apply: async () => withKubeconfig(system.cluster.kubeconfig(READER)),
    }),
  },
  {
    name: 'a kubeconfig that can write',
    check: 'kubeconfig',
    state: 'warning',
    finds: /the kubeconfig can write \(/,
    fix: /^nightcrier kubeconfig create \S+ --cluster west, for a read-only account$/,
    seed: async () => withRole('admin'),
  },
  {
    name: 'a kubeconfig that can write, where it must not',
    check: 'kubeconfig',
    finds: /the kubeconfig can write \(/,
    fix: /for a read-only account$/,
    seed: async () => {
      const { settings, apply } = await withRole('admin');
      return { settings: { ...settings, require_read_only: true }, apply };
    },
  },
  {
    name: 'a kubeconfig that can read Secrets',
    check: 'kubeconfig',
    state: 'warning',
    finds: /can read Secrets, which allow_secrets_access forbids/,
    fix: /for a read-only account$/,
    seed: async () => withRole('read-only-with-secrets'),
  },
  {
    name: 'a kubeconfig that can read neither logs nor events',
    check: 'kubeconfig',
    finds: /cannot get pod logs; cannot get events; cannot get nodes/,
    fix: GRANT,
    seed: async () => withRole('pods-only'),
  },
  {
    name: 'a kubeconfig that cannot watch what it must',
    check: 'kubeconfig',
    finds: /cannot watch .*deployments/,
    fix: GRANT,
    seed: async () => {
      const rules = ['pods', 'pods/log', 'events', 'nodes', 'services'];
      const read = ['get', 'list', 'watch'];
      return withRole([{ apiGroups: [''], resources: rules, verbs: read }], { source: 'kubernetes' });
    },
  },
];

describe('doctor finds, and its fix is right:', () => {
  it.each([...REDIS, ...MCP, ...KUBECONFIGS])('$name', async (row) => {
    expect(await findsAndFixes(system, row)).toEqual([]);
  });

  it('nothing, where all suits', async () => {
    for (const check of ['redis', 'clock', 'mcp', 'kubeconfig']) {
      const { findings, exitCode } = await system.examine(check, {});
      expect([check, findings.map(({ state }) => state), exitCode]).toEqual([check, ['ok'], 0]);
    }
  });

  it('who the kubeconfig is', async () => {
    const { findings } = await system.examine('kubeconfig', {});
    expect(findings[0]?.message).toBe('system:serviceaccount:nightcrier:read-only only reads');
  });
});
