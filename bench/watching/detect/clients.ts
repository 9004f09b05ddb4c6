import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { makeInformer } from '@kubernetes/client-node';
import { KINDS, WATCHED_KINDS } from '@nightcrier/cluster/detection/objects/kinds';
import { openKubernetes } from '@nightcrier/cluster/kubernetes/client';
import { loadKubeconfig } from '@nightcrier/cluster/kubernetes/kubeconfig';
import { ClusterConnection } from '@nightcrier/cluster/mcp/connection/cluster-connection';
import { ListPace } from '@nightcrier/cluster/backfill/list-pace';
import { DEFAULT_RECONNECT } from '@nightcrier/cluster/mcp/session/reconnect';
import { createMcpTransport } from '@nightcrier/cluster/mcp/session/transport';
import { ClusterConfig, WatchedClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import pLimit from 'p-limit';
import { load } from 'js-yaml';
import { setTimeout as sleep } from 'node:timers/promises';

/** One way to see the cluster of the benchmark. */
export interface Watcher {
  /** Resolves when everything has been read once. */
  start(): Promise<void>;
  /** How often everything has been read; a watch reads it once. */
  polls(): number;
}

const POLL_INTERVAL_MS = 1_000;

interface Source {
  server: string;
  kubeconfig: string;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(5);
}

/** The product's connection to a cluster. */
async function product(mode: 'watch' | 'poll', { server, kubeconfig }: Source): Promise<Watcher> {
  let polls = 0;
  const triage = { enabled: true, kubeconfig };
  const cluster =
    mode === 'watch'
      ? WatchedClusterConfig.parse({ name: 'bench', source: 'kubernetes', triage })
      : ClusterConfig.parse({ name: 'bench', mcp: { endpoint: `${server}/mcp` }, triage });
  const connection = new ClusterConnection({
    cluster,
    readAccess: async () => ({}),
    mode: 'poll',
    pollInterval: POLL_INTERVAL_MS,
    pollShare: 1,
    resyncInterval: 0,
    memory: { read: async () => undefined, write: () => (polls += 1), known: async (all) => all.map(() => false) },
    detected: { load: async () => [], save: () => undefined, confirm: () => undefined },
    reconnect: DEFAULT_RECONNECT,
    readTimeout: 75_000,
    transport: createMcpTransport(),
    connectLimit: pLimit(50),
    listPace: new ListPace(),
    logger: silentLogger,
    onReceived: () => undefined,
    onMalformed: () => undefined,
    onHealthChange: () => undefined,
    onPermissionsChanged: () => undefined,
  });
  // What the process has in any case: the client for the API server, and its connection.
  if (mode === 'watch') {
    const client = await openKubernetes(kubeconfig);
    await client.getText(['api', 'v1', 'nodes'], { query: { limit: 1 } });
    await client.close();
  }
  return {
    async start() {
      connection.start();
      await until(() => connection.health().status === 'active');
    },
    polls: () => polls,
  };
}

/** client-node's informers of the same kinds: a list and a watch, and the objects in a cache. */
async function bareWatch({ server, kubeconfig }: Source): Promise<Watcher> {
  const { kubeconfig: config } = await loadKubeconfig(kubeconfig);
  const informers = WATCHED_KINDS.map((kind) => {
    const { apiVersion, plural } = KINDS[kind];
    const path = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${plural}`;
    return makeInformer(config, path, async () => JSON.parse(await (await fetch(`${server}${path}`)).text()));
  });
  return { start: async () => void (await Promise.all(informers.map((informer) => informer.start()))), polls: () => 1 };
}

/** An SDK client that lists the same kinds at the same interval, and reads the objects. */
async function barePoll({ server }: Source): Promise<Watcher> {
  let polls = 0;
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server}/mcp`)));
  const kept = new Map<string, unknown>();
  const poll = async (): Promise<void> => {
    for (const kind of WATCHED_KINDS) {
      const { apiVersion, kind: name } = KINDS[kind];
      const args = { apiVersion, kind: name };
      const answer = await client.callTool({ name: 'resources_list', arguments: args }, undefined, {
        timeout: 300_000,
      });
      const [block] = Array.isArray(answer.content) ? answer.content : [];
      kept.set(kind, answer.structuredContent ?? load(String(block?.text)));
    }
    polls += 1;
  };
  const repeat = async (): Promise<never> => {
    for (;;) {
      await sleep(POLL_INTERVAL_MS);
      await poll();
    }
  };
  return {
    async start() {
      await poll();
      void repeat();
    },
    polls: () => polls,
  };
}

export const WATCHERS = {
  watch: (source: Source) => product('watch', source),
  poll: (source: Source) => product('poll', source),
  'bare-watch': bareWatch,
  'bare-poll': barePoll,
};
export type WatcherName = keyof typeof WATCHERS;
