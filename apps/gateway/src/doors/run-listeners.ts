import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { DOORS, type Door } from '@nightcrier/core/gateway/door-entry';
import type { Logger } from '@nightcrier/core/logger';
import type { RunSockets, SocketRun } from '@nightcrier/state/gateways/run-sockets';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import path from 'node:path';
import { listenOnSocket } from './listen.ts';
import type { Listener } from './listener.ts';
import { closeServer } from './server-options.ts';

/** Connections to one socket of a run at once: CLIs and kubectl open few. */
const MOST_CONNECTIONS = 128;
const RETRY_MS = 1_000;

export interface RunListenersOptions {
  /** Contains a directory for each run, which the container of the run mounts. */
  directory: string;
  gatewayId: string;
  runs: RunSockets;
  /** Resolves when a run may have begun, or after a second. */
  woken: () => Promise<void>;
  create: (door: Door, listener: Listener) => Server;
  logger: Logger;
}

interface OpenSockets {
  /** Its run changes when a reservation is used. */
  listener: Listener;
  files: string[];
  servers: Server[];
}

/**
 * The sockets of the runs. Each run has a directory of its own, in which every gateway of the machine listens, so that a token of one run
 * is worth nothing in the container of another.
 */
export class RunListeners {
  readonly #options: RunListenersOptions;
  readonly #open = new Map<string, OpenSockets>();
  readonly #loop: BackgroundLoop;

  constructor(options: RunListenersOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(async () => this.#watch(), {
      interval: 0,
      // `#watch` catches what it must wait after.
      onError: () => undefined,
    });
  }

  /** Listens for every run that goes on, and for those that begin later. */
  async start(): Promise<void> {
    await this.#reconcile();
    this.#loop.start();
  }

  /** Stops to listen. Directories remain for other gateways while their runs go on. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#open.keys().map(async (socket) => this.#close(socket)));
  }

  async #watch(): Promise<number | undefined> {
    try {
      await this.#options.woken();
      await this.#reconcile();
      return undefined;
    } catch (error) {
      // Redis is unreachable, or this gateway stops; what is open stays open.
      this.#options.logger.debug({ error }, 'runs not listed');
      return RETRY_MS;
    }
  }

  async #reconcile(): Promise<void> {
    const live = await this.#options.runs.list();
    const over = [...this.#open.keys()].filter((socket) => !live.has(socket));
    await Promise.all(over.map(async (socket) => this.#close(socket)));
    await Promise.all(this.#open.keys().map(async (socket) => this.#follow(socket, live.get(socket))));
    const begun = [...live].filter(([socket]) => !this.#open.has(socket));
    await Promise.all(begun.map(async ([socket, run]) => this.#listen(socket, run)));
  }

  /** Applies that a run uses a reservation: what comes through the sockets is of the run from now on. */
  async #follow(socket: string, run: SocketRun | undefined): Promise<void> {
    const listener = this.#open.get(socket)?.listener;
    if (!listener || !run || run.incident_id === listener.run?.incident_id) return;
    listener.run = run;
    await this.#options.runs.listening(socket, this.#options.gatewayId, run);
  }

  async #listen(socket: string, run: SocketRun): Promise<void> {
    const { directory, gatewayId, runs, create, logger } = this.#options;
    const folder = path.join(directory, socket);
    const opened: OpenSockets = { listener: { socket, run }, files: [], servers: [] };
    this.#open.set(socket, opened);
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      for (const door of DOORS) {
        const file = path.join(folder, `${gatewayId}.${door}.sock`);
        const server = create(door, opened.listener);
        server.maxConnections = MOST_CONNECTIONS;
        opened.servers.push(server);
        await listenOnSocket(server, file);
        opened.files.push(file);
      }
      await runs.listening(socket, gatewayId, run);
    } catch (error) {
      logger.error({ incident_id: run.incident_id, directory: folder, error }, 'sockets of run not opened');
      await this.#close(socket);
    }
  }

  async #close(socket: string): Promise<void> {
    const opened = this.#open.get(socket);
    if (!opened) return;
    this.#open.delete(socket);
    await Promise.all(opened.servers.map(async (server) => closeServer(server).catch(() => undefined)));
    await Promise.all(opened.files.map(async (file) => rm(file, { force: true })));
    // The last gateway removes the directory.
    await rmdir(path.join(this.#options.directory, socket)).catch(() => undefined);
  }
}
