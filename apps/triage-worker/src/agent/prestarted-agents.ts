import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import { performance } from 'node:perf_hooks';
import type { AgentRuntime, GatewaySockets, PrestartedAgent, SandboxRequest } from '../agent-runtime.ts';
import type { TriageContext } from '../triage-context.ts';
import { GRANT_GRACE } from './access/open-access.ts';
import { isIsolated, openSockets, reachableGateways, socketsAt, usesGateway } from './access/reachable-gateways.ts';
import { sandboxRequest } from './run/run-request.ts';

/** A container is replaced when it has waited for this long. */
const LIFETIME_SECONDS = 1_800;
/** Seconds after which it ends by itself, if this process does not run any more, or was suspended. */
const LONGEST_SECONDS = LIFETIME_SECONDS + 300;
const CHECK_MS = 30_000;
/** Between the use of a container and the start of the next one: the agent that begins is not to share the machine with it. */
const REFILL_MS = 1_000;
const START_TIMEOUT_MS = 60_000;

export interface PrestartedAgentsOptions {
  /** Returns the current configuration. */
  config: () => Config;
  runtime: Pick<AgentRuntime, 'prestart'>;
  isolation: TriageContext['isolation'];
  access: TriageContext['access'];
  /** Returns whether every worker that could take a run over would find it in such a container. */
  allAdopt: () => Promise<boolean>;
  workerId: string;
  instance: string;
  logger: Logger;
}

interface Waiting extends PrestartedAgent {
  /** What it can be used for. */
  key: string;
  /** The gateway that has listened on its sockets from the beginning: as long as it does, the directory is the mounted one. */
  gateway?: string;
  /** Milliseconds of the process's clock. */
  until: number;
}

/**
 * Containers of the configured agent, started before there is an incident for them: an agent begins as soon as its inputs are there. Each is
 * used by one run at most, and has no inputs, no token and no other part of a run before that.
 */
export class PrestartedAgents {
  readonly #options: PrestartedAgentsOptions;
  readonly #loop: BackgroundLoop;
  #waiting: Waiting[] = [];
  #refill: NodeJS.Timeout | undefined;

  constructor(options: PrestartedAgentsOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(async (signal) => this.#fill(signal), {
      interval: CHECK_MS,
      onError: (error) => options.logger.debug({ error }, 'agent container not prestarted'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Applies a changed configuration. */
  wake(): void {
    this.#loop.wake();
  }

  /** Removes all containers that have not been used. */
  async stop(): Promise<void> {
    clearTimeout(this.#refill);
    await this.#loop.stop();
    await this.#keep(() => false);
  }

  /** Returns a container for an agent with these settings, which is the caller's from now on; undefined if none is ready. */
  async take(context: Pick<TriageContext, 'config' | 'access'>): Promise<PrestartedAgent | undefined> {
    const key = this.#keyOf(context.config);
    const found = this.#waiting.find((one) => one.key === key && one.sandbox.isWaiting);
    if (found === undefined) return undefined;
    this.#waiting = this.#waiting.filter((one) => one !== found);
    clearTimeout(this.#refill);
    this.#refill = setTimeout(() => this.#loop.wake(), REFILL_MS);
    if (found.reservation === undefined) return found;
    const live = await reachableGateways(context, 'container');
    if (live.some(({ id }) => id === found.gateway)) return found;
    await this.#discard(found);
    return undefined;
  }

  async #fill(signal: AbortSignal): Promise<void> {
    const config = this.#options.config();
    const isSandboxed = config.agent_cli !== 'builtin' && config.agent_script_path === undefined;
    const wanted = isSandboxed && (await this.#options.allAdopt()) ? config.agent_prestarted_containers : 0;
    const key = this.#keyOf(config);
    const now = performance.now();
    await this.#keep((one, at) => at < wanted && one.key === key && one.until > now && one.sandbox.isWaiting);
    while (this.#waiting.length < wanted) {
      const started = await this.#start(config, AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]));
      if (started === undefined) return;
      this.#waiting.push(started);
    }
  }

  /** @returns undefined if no agent could be run now either */
  async #start(config: Config, signal: AbortSignal): Promise<Waiting | undefined> {
    const { runtime, isolation, access } = this.#options;
    const { state } = await isolation.check(signal);
    if (state === 'failed' || state === 'unknown') return undefined;
    const until = performance.now() + LIFETIME_SECONDS * 1000;
    const part = { key: this.#keyOf(config), until };
    if (!usesGateway(config)) {
      const sandbox = await runtime.prestart(this.#requestOf(config), LONGEST_SECONDS, signal);
      return { ...part, sandbox };
    }
    const gateways = await reachableGateways({ config, access }, 'container');
    if (gateways.length === 0 || !gateways.every(({ reserved_sockets }) => reserved_sockets)) return undefined;
    // Long enough for a run that begins at the last moment.
    const reservation = await access.grants.reserve(LONGEST_SECONDS + config.agent_timeout + GRANT_GRACE);
    try {
      const listening = await openSockets(reservation.socket, gateways, { access, signal });
      if (listening === undefined) throw new Error('no gateway opens the sockets');
      const request = this.#requestOf(config, socketsAt(config, reservation.socket));
      const sandbox = await runtime.prestart(request, LONGEST_SECONDS, signal);
      return { ...part, sandbox, reservation, gateway: listening.id };
    } catch (error) {
      await access.grants.release(reservation);
      throw error;
    }
  }

  #requestOf(config: Config, gatewaySockets?: GatewaySockets): SandboxRequest {
    const { workerId, instance } = this.#options;
    return sandboxRequest(
      { config, workerId, instance },
      { isolated: isIsolated(config), ...(gatewaySockets && { gatewaySockets }) },
    );
  }

  #keyOf(config: Config): string {
    return JSON.stringify([
      this.#requestOf(config, usesGateway(config) ? socketsAt(config, undefined) : undefined),
      config.agent_engine,
    ]);
  }

  /** Removes what is not to be kept. */
  async #keep(keeps: (one: Waiting, at: number) => boolean): Promise<void> {
    const surplus = this.#waiting.filter((one, at) => !keeps(one, at));
    this.#waiting = this.#waiting.filter((one) => !surplus.includes(one));
    await Promise.all(surplus.map(async (one) => this.#discard(one)));
  }

  /** What cannot be removed ends by itself, and is removed later. */
  async #discard({ sandbox, reservation }: PrestartedAgent): Promise<void> {
    const { access, logger } = this.#options;
    const parts = [sandbox.remove(), ...(reservation ? [access.grants.release(reservation)] : [])];
    const failed = (await Promise.allSettled(parts)).find(({ status }) => status === 'rejected');
    if (failed)
      logger.debug({ error: 'reason' in failed ? failed.reason : failed }, 'prestarted agent container not removed');
  }
}
