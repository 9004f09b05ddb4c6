import { randomInt } from 'node:crypto';
import { execa } from 'execa';
import { Redis } from 'ioredis';

export const isRoot = process.getuid?.() === 0;
export const NEEDS_ROOT = ' (needs root, ip and iptables)';

export interface IsolatedRedis extends AsyncDisposable {
  url: string;
  /** Drops all packets of the connections that exist now, without a sign to either side. New connections work. */
  dropPresentFlows(): Promise<void>;
}

/** Starts a Redis in a network namespace of its own. */
export async function startIsolatedRedis(): Promise<IsolatedRedis> {
  const tag = `nc${process.pid % 10_000}${randomInt(100)}`;
  const subnet = `10.213.${randomInt(256)}`;
  const inside = (...words: string[]) => execa('ip', ['netns', 'exec', tag, ...words]);
  const ip = async (...words: string[]): Promise<void> => void (await execa('ip', words));
  await ip('netns', 'add', tag);
  const server = { kill: () => undefined as unknown };
  const stop = async (): Promise<void> => {
    server.kill();
    await execa('ip', ['link', 'del', tag], { reject: false });
    await execa('ip', ['netns', 'del', tag], { reject: false });
  };
  try {
    await ip('link', 'add', tag, 'type', 'veth', 'peer', 'name', `${tag}i`);
    await ip('link', 'set', `${tag}i`, 'netns', tag);
    await ip('addr', 'add', `${subnet}.1/30`, 'dev', tag);
    await ip('link', 'set', tag, 'up');
    await inside('ip', 'addr', 'add', `${subnet}.2/30`, 'dev', `${tag}i`);
    await inside('ip', 'link', 'set', `${tag}i`, 'up');
    const options = { bind: `${subnet}.2`, port: '6379', save: '', 'protected-mode': 'no' };
    const child = execa(
      'ip',
      ['netns', 'exec', tag, 'redis-server', ...Object.entries(options).flatMap(([key, value]) => [`--${key}`, value])],
      { reject: false, stdio: 'ignore' },
    );
    server.kill = () => child.kill('SIGKILL');
    const url = `redis://${subnet}.2:6379`;
    const probe = new Redis(url, { maxRetriesPerRequest: null });
    probe.on('error', () => undefined);
    await probe.ping();
    return {
      url,
      async dropPresentFlows() {
        const clients = String(await probe.client('LIST'));
        const ports = Array.from(clients.matchAll(/ addr=[\d.]+:(\d+)/g), ([, port = '']) => port);
        probe.disconnect();
        for (const port of ports) {
          await inside('iptables', '-A', 'INPUT', '-p', 'tcp', '--sport', port, '-j', 'DROP');
          await inside('iptables', '-A', 'OUTPUT', '-p', 'tcp', '--dport', port, '-j', 'DROP');
        }
      },
      async [Symbol.asyncDispose]() {
        probe.disconnect();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
