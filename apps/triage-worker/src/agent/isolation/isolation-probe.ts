import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Isolation } from '@nightcrier/core/gateway/isolation';
import type { Logger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import { socketDirectory } from '@nightcrier/runtime/configuration/socket-directory';
import type { GatewayBoard } from '@nightcrier/state/gateways/gateway-board';
import type { IsolationBoard } from '@nightcrier/state/gateways/isolation-board';
import type { AgentRuntime, GatewaySockets } from '../../agent-runtime.ts';
import { randomUUID } from 'node:crypto';
import pTimeout from 'p-timeout';
import { isIsolated } from '../access/reachable-gateways.ts';
import { runRequest } from '../run/run-request.ts';
import { PROBE_SCRIPT, readProbe } from './probe-script.ts';

/** Milliseconds. An engine may be configured anew at any time. */
const PROVEN_FOR_MS = 3_600_000;
const REPORT_INTERVAL_MS = 60_000;
/** While no gateway has been found. */
const FIRST_MS = 5_000;
const PROBE_TIMEOUT_MS = 60_000;
const PROBE_SECONDS = 30;

export interface IsolationProbeOptions {
  config: () => Config;
  runtime: AgentRuntime;
  gateways: Pick<GatewayBoard, 'live'>;
  board: Pick<IsolationBoard, 'publish' | 'remove'>;
  workerId: string;
  instance: string;
  logger: Logger;
}

/** A probe that runs, or its result. */
interface Probe {
  answer: Promise<Isolation>;
  /** What it holds for. */
  key: string;
  until: number;
}

/**
 * Proves the isolation that is in force: a container with the sandbox of an agent tries to reach what an agent must not. One probe runs
 * when the worker starts, when the image or engine has changed, and every hour. Its result is logged, and shown in the health response.
 */
export class IsolationProbe {
  readonly #options: IsolationProbeOptions;
  readonly #loop: BackgroundLoop;
  readonly #stopping = new AbortController();
  #last: Probe | undefined;
  #logged = '';

  constructor(options: IsolationProbeOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(async (signal) => this.#report(signal), {
      interval: REPORT_INTERVAL_MS,
      onError: (error) => options.logger.debug({ error }, 'isolation not reported'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Applies a changed configuration. */
  wake(): void {
    this.#loop.wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the worker stops'));
    await this.#loop.stop();
    await this.#options.board.remove(this.#options.workerId).catch(() => undefined);
  }

  /**
   * Returns what is known of the isolation of agents that are started now; probes if it is not known.
   * @throws the signal's reason when it is aborted
   */
  async check(signal: AbortSignal): Promise<Isolation> {
    const config = this.#options.config();
    const { agent_cli, agent_script_path, agent_image: image, agent_engine, gateway_socket_volume } = config;
    // Scripts and the built-in analyser have no sandbox.
    const isSandboxed = agent_cli !== 'builtin' && agent_script_path === undefined;
    if (!isSandboxed || !isIsolated(config)) return { state: 'direct', findings: [], image };
    const directory = socketDirectory(config);
    const gateways = await this.#options.gateways.live();
    const root = gateway_socket_volume ?? directory;
    // Without a gateway there may be no directory to mount.
    const sockets = gateways.some(({ socket_dir }) => socket_dir === directory) ? { root } : undefined;
    const key = JSON.stringify([image, agent_engine, root, sockets === undefined]);
    if (this.#last?.key !== key || performance.now() >= this.#last.until)
      this.#last = this.#begin(config, key, sockets);
    // Others wait for the same answer: an abort ends the wait alone.
    return pTimeout(this.#last.answer, { milliseconds: Infinity, signal });
  }

  #begin(config: Config, key: string, sockets: GatewaySockets | undefined): Probe {
    const answer = async (): Promise<Isolation> => {
      const isolation = await this.#run(config, sockets);
      // What failed is tried again with the next agent.
      probe.until = isolation.state === 'proven' ? performance.now() + PROVEN_FOR_MS : 0;
      this.#stopping.signal.throwIfAborted();
      this.#log(isolation);
      return isolation;
    };
    const probe: Probe = { key, until: Infinity, answer: answer() };
    probe.answer.catch(() => undefined);
    return probe;
  }

  /** Logs a result that differs from the one before. */
  #log({ state, findings, image }: Isolation): void {
    const { logger } = this.#options;
    const text = JSON.stringify([state, findings, image]);
    if (text === this.#logged) return;
    this.#logged = text;
    if (state === 'proven') logger.info({ image }, 'isolation of agents proven');
    else logger.error({ image, state, findings }, 'isolation of agents not proven; no agent is run');
  }

  async #run(config: Config, sockets: GatewaySockets | undefined): Promise<Isolation> {
    const { runtime, workerId, instance } = this.#options;
    const { agent_image: image } = config;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    const end = (state: Isolation['state'], findings: string[]): Isolation => {
      return { state, findings, image, checked_at: new Date().toISOString() };
    };
    try {
      const request = runRequest(
        { incidentId: `probe-${randomUUID()}`, attempt: 1, clusterName: '' },
        { config: { ...config, agent_timeout: PROBE_SECONDS }, workerId, instance },
        { variables: {}, isolated: true, ...(sockets && { gatewaySockets: sockets }) },
      );
      const result = readProbe(await runtime.probe(request, PROBE_SCRIPT, signal));
      const findings =
        sockets && result.sockets === 0
          ? [...result.findings, `no socket of a gateway: ${advice(sockets.root)}`]
          : result.findings;
      return end(findings.length === 0 ? 'proven' : 'failed', findings);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // The engine's words for a directory that its machine does not have.
      const isMissing = sockets && /bind source path does not exist|mounts denied/i.test(message);
      return end('unknown', [isMissing ? `${message}: ${advice(sockets.root)}` : message]);
    }
  }

  async #report(signal: AbortSignal): Promise<number> {
    const isolation = await this.check(signal);
    await this.#options.board.publish({ worker: this.#options.workerId, ...isolation });
    // Worker and gateway start together: the sockets are tried when there are some.
    return isolation.state === 'direct' || (await this.#options.gateways.live()).length > 0
      ? REPORT_INTERVAL_MS
      : FIRST_MS;
  }
}

function advice(root: string): string {
  return `the container engine does not share the sockets in ${root} with this machine, as in a virtual machine or on another one; run worker and gateway there, or set kube_access and llm_access to direct`;
}
