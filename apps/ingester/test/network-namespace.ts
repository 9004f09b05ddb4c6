import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

const NAME = `nightcrier-${process.pid}`;
const [OUTSIDE, INSIDE] = [`nc${process.pid}o`, `nc${process.pid}i`];

/** Why there can be no network namespaces here. */
export const whyNoNamespaces = ((): string | undefined => {
  try {
    ip('netns add', `${NAME}-probe`);
    ip('netns delete', `${NAME}-probe`);
    return undefined;
  } catch {
    return 'needs iproute2 and the right to make network namespaces';
  }
})();

/** Another machine, as far as the network can tell: a namespace with a cable to this one. */
export class NetworkNamespace {
  /** Its address. */
  readonly address = '10.213.7.2';
  readonly #own = '10.213.7.1';
  /** What a command must begin with to run there. */
  readonly launcher = ['ip', 'netns', 'exec', NAME];

  static create(): NetworkNamespace {
    const namespace = new NetworkNamespace();
    ip('netns add', NAME);
    onTestFinished(() => ip('netns delete', NAME));
    ip('link add', OUTSIDE, 'type veth peer name', INSIDE, 'netns', NAME);
    ip('address add', `${namespace.#own}/30`, 'dev', OUTSIDE);
    ip('link set', OUTSIDE, 'up');
    ip('-netns', NAME, 'address add', `${namespace.address}/30`, 'dev', INSIDE);
    ip('-netns', NAME, 'link set', INSIDE, 'up');
    return namespace;
  }

  /** From now on nothing arrives, in either direction, and neither side is notified: all packets go to a machine that does not exist. */
  swallowAll(): void {
    const unknown = 'lladdr 02:00:00:00:00:01 nud permanent dev';
    ip('neighbour replace', this.address, unknown, OUTSIDE);
    ip('-netns', NAME, 'neighbour replace', this.#own, unknown, INSIDE);
  }

  repair(): void {
    ip('neighbour delete', this.address, 'dev', OUTSIDE);
    ip('-netns', NAME, 'neighbour delete', this.#own, 'dev', INSIDE);
  }
}

function ip(...words: string[]): void {
  execFileSync(
    'ip',
    words.flatMap((word) => word.split(' ')),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}
