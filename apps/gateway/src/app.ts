import type { Door } from '@nightcrier/core/gateway/door-entry';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { socketDirectory } from '@nightcrier/runtime/configuration/socket-directory';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import { GATEWAY_SILENT_MS, type GatewayAddress } from '@nightcrier/state/gateways/gateway-board';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import { whenWritable } from '@nightcrier/state/redis/when-writable';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import path from 'node:path';
import { Audit } from './doors/audit.ts';
import { issueCertificate, openAuthority } from './doors/authority.ts';
import { refuseBroken } from './doors/broken-requests.ts';
import { Callers } from './doors/caller.ts';
import { listenOnLoopback, listenOnSocket, openSocketDirectory } from './doors/listen.ts';
import { type Listener, SHARED } from './doors/listener.ts';
import { RunListeners } from './doors/run-listeners.ts';
import { CLIENT_TIMES, type ClientTimes, closeServer, plainServer, tlsServer } from './doors/server-options.ts';
import { KubeDoor } from './kube/kube-door.ts';
import { Upstreams } from './kube/upstreams.ts';
import { LlmDoor } from './llm/llm-door.ts';

export interface GatewayOptions {
  config: Config;
  logger: Logger;
  times?: ClientTimes;
}

/** Connections to one socket, or to one port, that all scripts and the runs of earlier versions share. */
const MOST_SHARED_CONNECTIONS = 1_024;

type CreateServer = (door: Door, listener: Listener) => Server;

/** A gateway, in a process of its own or in a test. All that it remembers is in Redis, so that any gateway serves any agent. */
export class GatewayApp {
  readonly #options: GatewayOptions;
  readonly #lifecycle: Lifecycle;
  readonly #id = randomUUID().slice(0, 8);
  #config: Config;

  /** Requests use the configuration of their arrival. */
  readonly reloading: Reloading = {
    apply: (config) => {
      this.#config = config;
    },
    // It is logged, and shown by the API.
    refuse: () => undefined,
  };

  readonly #stopping = new AbortController();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#lifecycle = new Lifecycle(options.logger, options.config.shutdown_timeout);
  }

  /**
   * Starts to listen, once Redis is reachable. A failed start is rolled back.
   * @throws Error when Redis is not configured, a socket cannot be opened, or it is stopped before
   */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends open requests and stops to listen. Agents go on with another gateway. */
  stop(): Promise<void> {
    this.#stopping.abort(new Error('the gateway was stopped before its start'));
    return this.#lifecycle.stop();
  }

  async #start(): Promise<void> {
    const { logger } = this.#options;
    const state = await this.#openState();
    const directory = socketDirectory(this.#config);
    await openSocketDirectory(directory);
    const authority = await openAuthority(path.join(this.#config.data_dir, 'gateway'));
    const certificate = await issueCertificate(authority);
    const upstreams = new Upstreams();
    this.#lifecycle.onStop('connections to clusters', () => upstreams.close());
    const audit = new Audit(state.doorRecords, logger);
    this.#lifecycle.onStop('audit', () => audit.flush());
    const callers = new Callers(state.grants);
    const kube = new KubeDoor({ callers, audit, upstreams, clusterOf: (name) => this.#clusterOf(name), logger });
    const { doorRecords: records, budgets } = state;
    const llm = new LlmDoor({ callers, audit, records, budgets, config: () => this.#config, logger });
    const { times = CLIENT_TIMES } = this.#options;
    const create: CreateServer = (door, listener) => {
      const server =
        door === 'kube'
          ? tlsServer(certificate, times, (request, response) => void kube.handle(request, response, listener))
          : plainServer(times, (request, response) => void llm.handle(request, response, listener));
      refuseBroken(server, (request) => audit.addBroken(listener, { door, ...request }));
      return server;
    };
    const kubePort = await this.#open('kube', directory, create);
    const llmPort = await this.#open('llm', directory, create);
    await this.#openRuns(state, directory, create);
    this.#lifecycle.onStop('open requests', () => callers.stop());
    await this.#report(state, {
      socket_dir: directory,
      kube_url: `https://127.0.0.1:${kubePort}`,
      llm_url: `http://127.0.0.1:${llmPort}`,
      ca: authority.cert,
      run_sockets: true,
      reserved_sockets: true,
      started: Date.now(),
    });
    logger.info({ id: this.#id, socket_dir: directory }, 'gateway started');
  }

  async #openState(): Promise<State> {
    const { redis: settings } = this.#config;
    const { key_prefix } = settings;
    if (!namesRedis(settings))
      throw new ExitError('configuration', 'redis.url is not set; `nightcrier up` starts a Redis of its own');
    const redis = connectProducer(settings, this.#options.logger);
    this.#lifecycle.onStop('redis connection', () => disconnect(redis));
    // An agent's first request must not meet a connection that is still being made.
    await untilReady(redis);
    return openState(redis, { key_prefix, logger: this.#options.logger });
  }

  /** Listens on a socket, for containers, and on a loopback port, for scripts. Returns the port. */
  async #open(door: Door, directory: string, create: CreateServer): Promise<number> {
    const [forContainers, forScripts] = [create(door, SHARED), create(door, SHARED)];
    const file = path.join(directory, `${this.#id}.${door}.sock`);
    for (const server of [forContainers, forScripts]) {
      server.maxConnections = MOST_SHARED_CONNECTIONS;
      this.#lifecycle.onStop(`${door} door`, () => closeServer(server));
    }
    await listenOnSocket(forContainers, file);
    this.#lifecycle.onStop(`${door} socket`, () => rm(file, { force: true }));
    return listenOnLoopback(forScripts);
  }

  /** Listens on sockets of each run. */
  async #openRuns(state: State, directory: string, create: CreateServer): Promise<void> {
    const { runSockets: runs, redis } = state;
    const blocking = redis.duplicate();
    // Without a listener, an error would end the process; the producer's connection logs an outage.
    blocking.on('error', () => undefined);
    const gatewayId = this.#id;
    const woken = async (): Promise<void> => runs.woken(blocking, gatewayId);
    const { logger } = this.#options;
    const listeners = new RunListeners({ directory, gatewayId, runs, woken, create, logger });
    this.#lifecycle.onStop('sockets of runs', () => listeners.stop());
    this.#lifecycle.onStop('wake-ups', async () => blocking.disconnect());
    await whenWritable(async () => listeners.start(), { logger, signal: this.#stopping.signal });
  }

  /** Puts the gateway on the board, where workers find it, and keeps it there. */
  async #report(state: State, address: Omit<GatewayAddress, 'id' | 'host' | 'seen'>): Promise<void> {
    const { logger } = this.#options;
    const report = async (): Promise<void> => state.gateways.report({ id: this.#id, host: hostname(), ...address });
    await whenWritable(report, { logger, signal: this.#stopping.signal });
    const reports = new BackgroundLoop(report, {
      interval: GATEWAY_SILENT_MS / 5,
      firstRun: 'after_interval',
      onError: (error) => logger.debug({ error }, 'gateway not reported'),
    });
    reports.start();
    this.#lifecycle.onStop('report', async () => {
      await reports.stop();
      await state.gateways.remove(this.#id).catch(() => undefined);
    });
  }

  #clusterOf(name: string): Config['clusters'][number] | undefined {
    return this.#config.clusters.find((cluster) => cluster.name === name);
  }
}

/** Waits until Redis is reachable, as the other processes do. @throws Error when the gateway is stopped before */
async function untilReady(redis: RedisConnection): Promise<void> {
  if (redis.status === 'ready') return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  redis.once('ready', resolve);
  redis.once('end', () => reject(new Error('the gateway was stopped before its start')));
  await promise;
}
