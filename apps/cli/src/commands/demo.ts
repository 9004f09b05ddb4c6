import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { isFinal } from '@nightcrier/core/incidents/incident';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { createLogger } from '@nightcrier/runtime/process/logger';
import { stopSignal } from '@nightcrier/runtime/process/stop-signal';
import getPort from 'get-port';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../api-client.ts';
import { DemoProgress } from '../demo-progress.ts';
import { INSTALLATION } from '../installation.ts';
import { type Child, startChild } from '../system/child-process.ts';
import { startSystem, type System } from '../system/system.ts';

const CLUSTERS = ['westeu-cluster1', 'eastus-cluster1'];
/** Scenarios that recover by themselves, so that the dashboard shows a recovery too. */
const HEALED = ['failing-probe'];
const ONCE_SECONDS = 120;
const POLL_MS = 300;

export interface DemoOptions {
  /** Ends when every cluster has an incident with a report. */
  once: boolean;
  /** Prints one JSON line for each ended incident to standard output; progress goes to standard error. */
  json: boolean;
  /** Settings; they override those of the demo. */
  flags: Record<string, string>;
}

/**
 * `nightcrier demo`: runs two simulated clusters and the whole system in a new folder. The clusters have faults, and the
 * terminal shows the incidents and their reports.
 * @returns the exit code: 0, or 1 with the reason on standard error
 */
export async function demo({ once, json, flags }: DemoOptions): Promise<number> {
  const stopping = stopSignal((signal) => console.error(escapeControls(`demo: second ${signal}; exits at once`)));
  const folder = path.resolve('.nightcrier/demo', new Date().toISOString().replaceAll(/[:.]/g, '-'));
  await mkdir(path.join(folder, 'logs'), { recursive: true });
  const onLine = logToFiles(path.join(folder, 'logs'));

  let simulator: Child | undefined;
  let system: System | undefined;
  try {
    const progress = new DemoProgress(json);
    progress.say(`starting simulated clusters: ${CLUSTERS.join(', ')}`);
    simulator = startSimulator(folder, onLine);
    await simulator.ready;

    const settings = {
      config: path.join(folder, 'clusters.yaml'),
      'workspace-root': path.join(folder, 'incidents'),
      'data-dir': folder,
      'recovery-after': '10',
      'recovery-interval': '5',
      'api-port': String(await getPort({ port: 8080, host: '127.0.0.1' })),
      ...flags,
    };
    const { config } = await loadConfig({ flags: settings, environment: process.env });
    progress.say('starting Nightcrier: Redis, api, triage-worker, ingester');
    const log = createWriteStream(path.join(folder, 'logs/nightcrier.log'), { flags: 'a' });
    system = startSystem({ config, logger: createLogger(undefined, config.log_level, log) });
    await Promise.race([system.started, stopping]);
    const url = `http://${config.api.host}:${config.api.port}`;
    progress.links(url, folder);

    const ended = Promise.race([stopping, system.broken, simulator.ended.then((how) => `simulator ended: ${how}`)]);
    const reason = await watch(new ApiClient(url), progress, once, ended);
    progress.end(path.relative('', folder));
    if (reason !== undefined) console.error(escapeControls(`demo: ${reason}; logs in ${path.join(folder, 'logs')}`));
    return reason === undefined ? 0 : 1;
  } finally {
    await system?.stop();
    await simulator?.stop(10);
  }
}

/** Shows changes of incidents until the demo ends. Returns why it failed, undefined if it did not. */
async function watch(
  api: ApiClient,
  progress: DemoProgress,
  once: boolean,
  ended: Promise<string>,
): Promise<string | undefined> {
  const over = new AbortController();
  void ended.then((how) => over.abort(how));
  const deadline = once ? Date.now() + ONCE_SECONDS * 1000 : Number.POSITIVE_INFINITY;
  let lastError: unknown;
  while (!over.signal.aborted && Date.now() < deadline) {
    try {
      const incidents = await api.incidents({ limit: '200' });
      progress.show(incidents);
      const reported = new Set(
        incidents.filter(({ state }) => state === 'reported').map(({ cluster_event: event }) => event.cluster_name),
      );
      if (once && CLUSTERS.every((cluster) => reported.has(cluster))) {
        progress.summarize(incidents.filter(({ state }) => isFinal(state)));
        return undefined;
      }
    } catch (error) {
      lastError = error;
    }
    await sleep(POLL_MS, undefined, { signal: over.signal }).catch(() => undefined);
  }
  if (!over.signal.aborted) {
    const detail = lastError instanceof Error ? ` (${lastError.message})` : '';
    return `not every cluster has an incident with a report after ${ONCE_SECONDS} s${detail}`;
  }
  const cause = await ended;
  return cause === 'SIGINT' || cause === 'SIGTERM' ? undefined : cause;
}

function startSimulator(folder: string, onLine: (name: string, line: string) => void): Child {
  const flags = {
    clusters: CLUSTERS.join(','),
    dir: folder,
    'fault-interval': '3',
    'wait-for-subscriber': '60',
    heal: HEALED.join(','),
    'heal-after': '10',
  };
  return startChild({
    name: 'simulator',
    script: path.join(INSTALLATION, 'packages/simulator/src/main.ts'),
    arguments: Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
    onLine,
  });
}

/** Writes the log of each process to a file; the terminal shows incidents. */
function logToFiles(folder: string): (name: string, line: string) => void {
  const files = new Map<string, ReturnType<typeof createWriteStream>>();
  return (name, line) => {
    const file = files.get(name) ?? createWriteStream(path.join(folder, `${name}.log`), { flags: 'a' });
    files.set(name, file);
    file.write(`${line}\n`);
  };
}
