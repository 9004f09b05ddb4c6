import { glob, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisServer, startRedisServer } from '../fixtures/redis-server.ts';
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.ts';

/** A truncated tail of the append-only file, bytes. */
const TAIL_BYTES = 40;

/** One Redis with an append-only file, behind a proxy. */
export class SingleRedis {
  readonly kind = 'single';
  readonly proxy: TcpProxy;
  readonly #folder: string;
  readonly #port: number;
  #server: RedisServer | undefined;
  /** Whether the end of the append-only file was cut off, and it was not rewritten since. */
  #isTruncated = false;

  private constructor(folder: string, server: RedisServer, port: number, proxy: TcpProxy) {
    this.#folder = folder;
    this.#server = server;
    this.#port = port;
    this.proxy = proxy;
  }

  static async start(folder: string): Promise<SingleRedis> {
    const server = await startRedisServer({ dataDir: folder });
    const port = Number(new URL(server.url).port);
    return new SingleRedis(folder, server, port, await startTcpProxy({ host: '127.0.0.1', port }));
  }

  /** Section `redis` of the configuration of the system, without its prefix. */
  get settings(): { url: string } {
    return { url: `redis://127.0.0.1:${this.proxy.port}` };
  }

  /** How it is reached past the proxy. */
  get direct(): { url: string } {
    return { url: `redis://127.0.0.1:${this.#port}` };
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#server?.pid !== undefined) process.kill(this.#server.pid, signal);
  }

  /** @param truncated cuts the end of the append-only file, as after a power cut */
  async kill(truncated = false): Promise<void> {
    this.signal('SIGKILL');
    await this.#server?.ended;
    this.#server = undefined;
    if (!truncated) return;
    this.#isTruncated = true;
    for await (const file of glob(path.join(this.#folder, 'appendonlydir/*.incr.aof'))) {
      const { size } = await stat(file);
      await truncate(file, Math.max(0, size - TAIL_BYTES));
    }
  }

  async startAgain(): Promise<void> {
    if (this.#server) return;
    this.#server = await startRedisServer({ dataDir: this.#folder, port: this.#port });
    if (this.#isTruncated) await this.rewrite();
  }

  /**
   * Rewrites the append-only file, as the operations manual says: after a start from a file that was cut off, whose last transaction
   * would be applied in part at the next start, and after a full disk, which leaves a hole in it.
   */
  async rewrite(): Promise<void> {
    const redis = new Redis(this.direct.url);
    try {
      await redis.bgrewriteaof();
      const isRewritten = async (): Promise<boolean> =>
        /aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/.test(await redis.info('persistence'));
      while (!(await isRewritten())) await sleep(20);
      const wasGood = /aof_last_bgrewrite_status:ok/.test(await redis.info('persistence'));
      if (!wasGood) throw new Error('the append-only file of Redis was not rewritten');
      this.#isTruncated = false;
    } finally {
      redis.disconnect();
    }
  }

  async dispose(): Promise<void> {
    this.proxy.close();
    this.signal('SIGCONT');
    await this.#server?.stop();
  }
}
