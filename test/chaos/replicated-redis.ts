import { execa, type ResultPromise } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { Redis } from 'ioredis';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const NAME = 'chaos';
const SENTINELS = 3;
/** A busy machine must not look like a dead master. */
const DOWN_AFTER_MS = 5_000;
const PATIENCE_MS = 120_000;
/** For one command of a server or sentinel. */
const ANSWER_MS = 20_000;

interface Server {
  port: number;
  start: () => ResultPromise;
  child: ResultPromise | undefined;
}

/**
 * Two servers with append-only files, and sentinels. A master ends only when its replica is in step: Redis promises nothing for
 * the writes that a lagging replica lost.
 */
export class ReplicatedRedis {
  readonly kind = 'replicated';
  readonly #servers: Server[];
  readonly #sentinels: Server[];
  readonly #password: string;

  private constructor(servers: Server[], sentinels: Server[], password: string) {
    this.#servers = servers;
    this.#sentinels = sentinels;
    this.#password = password;
  }

  static async start(folder: string, password: string): Promise<ReplicatedRedis> {
    const ports = await Promise.all(Array.from({ length: 2 + SENTINELS }, async () => freePort()));
    const [master = 0, replica = 0, ...others] = ports;
    const prepare = async (port: number, command: string, lines: string[]): Promise<Server> => {
      const own = path.join(folder, String(port));
      await mkdir(own, { recursive: true });
      const file = path.join(own, 'server.conf');
      const common = [`port ${port}`, `dir ${own}`, 'bind 127.0.0.1', 'protected-mode no', `logfile ${own}/log`];
      await writeFile(file, `${[...common, ...lines].join('\n')}\n`);
      return { port, child: undefined, start: () => execa(command, [file], { reject: false, stdio: 'ignore' }) };
    };
    const auth = [`requirepass ${password}`, `masterauth ${password}`, 'save ""', 'appendonly yes'];
    const quick = ['repl-diskless-sync-delay 0', 'maxmemory-policy noeviction'];
    const servers = [
      await prepare(master, 'redis-server', [...auth, ...quick]),
      await prepare(replica, 'redis-server', [...auth, ...quick, `replicaof 127.0.0.1 ${master}`]),
    ];
    const sentinels = others.map(async (port) =>
      prepare(port, 'redis-sentinel', [
        `sentinel monitor ${NAME} 127.0.0.1 ${master} 2`,
        `sentinel auth-pass ${NAME} ${password}`,
        `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
        `sentinel failover-timeout ${NAME} 5000`,
      ]),
    );
    const set = new ReplicatedRedis(servers, await Promise.all(sentinels), password);
    for (const server of [...set.#servers, ...set.#sentinels]) server.child = server.start();
    await until('the sentinels answer', async () => Boolean(await set.#master()));
    await set.#untilInStep(await set.#master());
    const isKnown = async (): Promise<boolean> =>
      /"num-slaves","1","num-other-sentinels","2"/.test(await set.#ask('MASTER'));
    await until('the sentinels know all servers', isKnown);
    return set;
  }

  /** Section `redis` of the configuration of the system, without its prefix and password. */
  get settings(): { sentinel: { name: string; hosts: string[] } } {
    return { sentinel: { name: NAME, hosts: this.#sentinels.map(({ port }) => `127.0.0.1:${port}`) } };
  }

  /** Has the sentinels promote the replica, which is in step. */
  async promote(): Promise<void> {
    const master = await this.#master();
    await this.#hold(master);
    // Refused until a former promotion is over.
    await until('the sentinels accept a promotion', async () => (await this.#ask('FAILOVER')) === '"OK"');
    await this.#untilReplaced(master);
    await this.#demote(master);
  }

  /** Kills the master, and starts it again after the sentinels have promoted its replica. */
  async killMaster(pause: number): Promise<void> {
    const master = await this.#master();
    await this.#hold(master);
    master.child?.kill('SIGKILL');
    await master.child;
    await this.#untilReplaced(master);
    await sleep(pause);
    master.child = master.start();
  }

  async dispose(): Promise<void> {
    const all = [...this.#sentinels, ...this.#servers];
    for (const { child } of all) child?.kill('SIGKILL');
    await Promise.all(all.map(async ({ child }) => child));
  }

  /** Has writes wait at the master, until its replica has all that it answered. */
  async #hold(master: Server): Promise<void> {
    await this.#untilInStep(master);
    await this.#on(master.port, async (redis) => redis.call('CLIENT', 'PAUSE', '60000', 'WRITE'));
    await this.#untilInStep(master);
  }

  /**
   * Makes a demoted master a replica, as the sentinels do, and ends its hold. They could not before its end, because their own writes
   * wait there; and a write that waits must not be taken by a server that was replaced.
   */
  async #demote(former: Server): Promise<void> {
    const { port } = await this.#master();
    await this.#on(former.port, async (redis) => {
      await redis.replicaof('127.0.0.1', port);
      await redis.call('CLIENT', 'UNPAUSE');
    });
  }

  async #untilInStep(master: Server): Promise<void> {
    const replica = this.#servers.find((server) => server !== master);
    await until(`the replica of the server on port ${master.port} is in step`, async () => {
      if (!replica || (await this.#field(replica, 'master_link_status')) !== 'up') return false;
      const offset = await this.#field(master, 'master_repl_offset');
      return offset !== undefined && offset === (await this.#field(replica, 'slave_repl_offset'));
    });
  }

  async #field({ port }: Server, name: string): Promise<string | undefined> {
    return this.#on(
      port,
      async (redis) => new RegExp(`^${name}:(\\S+)`, 'm').exec(await redis.info('replication'))?.[1],
    );
  }

  async #untilReplaced(master: Server): Promise<void> {
    await until('the sentinels name another master', async () => (await this.#master()) !== master);
  }

  async #master(): Promise<Server> {
    const answer = await this.#ask('GET-MASTER-ADDR-BY-NAME');
    const found = this.#servers.find(({ port }) => answer.includes(`"${port}"`));
    if (!found) throw new Error(`the sentinels name no master: ${answer}`);
    return found;
  }

  async #ask(command: string): Promise<string> {
    const { port } = this.#sentinels[0]!;
    return this.#on(
      port,
      async (redis) => JSON.stringify(await redis.call('SENTINEL', command, NAME).catch(String)),
      false,
    );
  }

  async #on<Answer>(port: number, ask: (redis: Redis) => Promise<Answer>, isServer = true): Promise<Answer> {
    const options = { maxRetriesPerRequest: 0, connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS };
    const redis = new Redis({ port, ...(isServer && { password: this.#password }), ...options });
    redis.on('error', () => undefined);
    try {
      return await ask(redis);
    } finally {
      redis.disconnect();
    }
  }
}

/** @param what is to be so, as a sentence; an error of the check means that it is not yet */
async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + PATIENCE_MS;
  for (let problem = ''; ;) {
    try {
      if (await check()) return;
      problem = '';
    } catch (error) {
      problem = `: ${String(error)}`;
    }
    if (performance.now() > limit) throw new Error(`not so within ${PATIENCE_MS / 1000} s: ${what}${problem}`);
    await sleep(50);
  }
}
