import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

const Reply = z.object({ id: z.number(), result: z.unknown().optional(), error: z.string().optional() });
const Started = z.object({ endpoint: z.string(), kubeconfig: z.string() });

interface ClusterOptions {
  name?: string;
  eventsTools?: boolean;
  /** Address to listen on. */
  host?: string;
  port?: number;
}

/** A simulated cluster in another process. */
export class ClusterProcess {
  endpoint = '';
  kubeconfig = '';
  #child: ChildProcess | undefined;
  #orders = 0;
  readonly #launcher: string[];

  private constructor(launcher: string[]) {
    this.#launcher = launcher;
  }

  /** @param launcher a command and its arguments that replace themselves with the process, such as `ip netns exec NAME` */
  static async start(options: ClusterOptions = {}, launcher: string[] = []): Promise<ClusterProcess> {
    const cluster = new ClusterProcess(launcher);
    await cluster.start(options);
    onTestFinished(() => void cluster.#child?.kill('SIGKILL'));
    return cluster;
  }

  get port(): number {
    return Number(new URL(this.endpoint).port);
  }

  async start(options: ClusterOptions = {}): Promise<void> {
    const [execPath, ...execArgv] = [...this.#launcher, process.execPath];
    const module = path.join(import.meta.dirname, 'cluster-process.fixture.ts');
    this.#child = fork(module, { stdio: 'ignore', execArgv, ...(execPath !== undefined && { execPath }) });
    const { endpoint, kubeconfig } = Started.parse(await this.order('start', options));
    this.endpoint = endpoint;
    this.kubeconfig = kubeconfig;
  }

  /** Breaks something; returns the id of the fault. */
  async run(scenario: string): Promise<string> {
    return z.string().parse(await this.order('run', { scenario }));
  }

  /** Resolves when it is done, which takes as long as the process is stopped. */
  async order(order: string, parameters: object = {}): Promise<unknown> {
    const child = this.#child;
    if (!child) throw new Error('the process is not started');
    const id = (this.#orders += 1);
    const answered = new Promise<unknown>((resolve, reject) => {
      child.on('message', function answer(message) {
        const reply = Reply.parse(message);
        if (reply.id !== id) return;
        child.off('message', answer);
        if (reply.error === undefined) resolve(reply.result);
        else reject(new Error(reply.error));
      });
    });
    child.send({ id, order, ...parameters });
    return answered;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** As a node that loses its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
