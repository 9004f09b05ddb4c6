import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

const Reply = z.object({ id: z.number(), result: z.unknown().optional(), error: z.string().optional() });
const Started = z.object({ endpoint: z.string(), kubeconfig: z.string() });

/** A simulated cluster in another process. */
export class ClusterProcess {
  endpoint = '';
  kubeconfig = '';
  #child: ChildProcess | undefined;
  #orders = 0;

  static async start(options: { name?: string; eventsTools?: boolean } = {}): Promise<ClusterProcess> {
    const cluster = new ClusterProcess();
    await cluster.start(options);
    onTestFinished(() => void cluster.#child?.kill('SIGKILL'));
    return cluster;
  }

  get port(): number {
    return Number(new URL(this.endpoint).port);
  }

  async start(options: { name?: string; eventsTools?: boolean; port?: number } = {}): Promise<void> {
    this.#child = fork(path.join(import.meta.dirname, 'cluster-process.fixture.ts'), { stdio: 'ignore' });
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
