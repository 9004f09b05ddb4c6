import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SandboxRequest } from '../../apps/triage-worker/src/agent-runtime.ts';
import { DockerRuntime } from '../../apps/triage-worker/src/agent/run/docker/docker-runtime.ts';
import { EngineError } from '../../apps/triage-worker/src/agent/run/engine/engine-error.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent } from '../fixtures/obedient-agent.ts';
import { PATIENCE } from '../fixtures/sandboxed-agents.ts';

const why = await whyNoDocker();

/** The engine of this machine behind a port, where it answers no more from one call on. */
class VanishingEngine implements AsyncDisposable {
  /** The end of the path of the call that it does not answer; it carries out a POST without an upgrade. */
  readonly #last: string;
  #isGone = false;
  readonly #server = createServer((asked, answer) => {
    if (this.#isGone) {
      asked.socket.destroy();
      return;
    }
    this.#isGone = this.#isLast(asked);
    const { method, url: path, headers } = asked;
    const passed = request({ socketPath: '/var/run/docker.sock', method, path, headers }, (given) => {
      if (this.#isGone) {
        given.resume().on('end', () => asked.socket.destroy());
        return;
      }
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
    });
    passed.on('error', () => asked.socket.destroy());
    asked.pipe(passed);
  });

  private constructor(last: string) {
    this.#last = last;
    this.#server.on('upgrade', (asked, socket) => {
      this.#isGone ||= this.#isLast(asked);
      socket.destroy();
    });
  }

  static async open(last: string): Promise<VanishingEngine> {
    const engine = new VanishingEngine(last);
    engine.#server.listen(0, '127.0.0.1');
    await once(engine.#server, 'listening');
    return engine;
  }

  get host(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answerAgain(): void {
    this.#isGone = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #isLast({ url = '' }: IncomingMessage): boolean {
    return (url.split('?')[0] ?? '').endsWith(this.#last);
  }
}

describe.skipIf(why)(`a container that was created when the engine went away${why ? ` (skipped: ${why})` : ''}`, () => {
  const instance = randomUUID();
  const containers = async (): Promise<string[]> => {
    const flags = ['--filter', `label=nightcrier.instance=${instance}`];
    return (await execa('docker', ['ps', '--all', '--quiet', ...flags], { lines: true })).stdout;
  };
  const sandbox = async (): Promise<SandboxRequest> => ({
    agent: 'claude',
    workerId: 'test',
    instance,
    image: await buildObedientAgent(),
    network: 'none',
    memory: 256 * 1024 * 1024,
    cpus: 1,
    timeout: 60,
  });
  const open = (engine: VanishingEngine): DockerRuntime =>
    new DockerRuntime({ engine: () => 'docker', environment: { DOCKER_HOST: engine.host }, workerId: 'test' });
  afterEach(async () => {
    const remaining = await containers();
    if (remaining.length > 0) await execa('docker', ['rm', '--force', ...remaining], { reject: false });
  });

  it.each([
    ['before it answered', '/create'],
    ['before it was started', '/attach'],
  ])('%s is removed when the engine answers again', async (_when, last) => {
    await using engine = await VanishingEngine.open(last);
    const runtime = open(engine);
    try {
      const prestarting = runtime.prestart(await sandbox(), 300, AbortSignal.timeout(PATIENCE));
      await expect(prestarting).rejects.toThrow(EngineError);
      expect(await containers()).toHaveLength(1);
      engine.answerAgain();
      await expect.poll(containers, { timeout: PATIENCE }).toEqual([]);
    } finally {
      await runtime.close();
    }
  });

  it('is removed at the stop of its worker, which does not wait until it is tried again', async () => {
    await using engine = await VanishingEngine.open('/attach');
    const runtime = open(engine);
    await expect(runtime.prestart(await sandbox(), 300, AbortSignal.timeout(PATIENCE))).rejects.toThrow(EngineError);
    engine.answerAgain();
    await runtime.close();
    expect(await containers()).toEqual([]);
  });

  it('is removed when its worker stops while it is being created', async () => {
    const environment = { DOCKER_HOST: 'unix:///var/run/docker.sock' };
    const runtime = new DockerRuntime({ engine: () => 'docker', environment, workerId: 'test' });
    // The engine is known before.
    await runtime.list({ instance });
    const stopping = new AbortController();
    const prestarting = runtime.prestart(await sandbox(), 300, stopping.signal);
    setImmediate(() => stopping.abort(new Error('the worker stops')));
    await expect(prestarting).rejects.toThrow('the worker stops');
    await runtime.close();
    expect(await containers()).toEqual([]);
  });
});
