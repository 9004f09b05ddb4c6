import { silentLogger } from '@nightcrier/core/logger';
import pLimit from 'p-limit';
import { ClusterConnection } from '@nightcrier/cluster/mcp/connection/cluster-connection';
import { ListPace } from '@nightcrier/cluster/backfill/list-pace';
import { DEFAULT_RECONNECT } from '@nightcrier/cluster/mcp/session/reconnect';
import { createMcpTransport } from '@nightcrier/cluster/mcp/session/transport';
import { Arrivals, measure } from './measure.ts';

const [size = 0, port = 0] = process.argv.slice(2).map(Number);
const arrivals = new Arrivals();
const transport = createMcpTransport();
const connectLimit = pLimit(50);
const listPace = new ListPace();

/** Names of the active ones: the health of all is too much to build each few milliseconds. */
const active = new Set<string>();

const connections: ClusterConnection[] = Array.from({ length: size }, (_, index) => {
  const name = `cluster-${index}`;
  return new ClusterConnection({
    cluster: {
      name,
      labels: {},
      mcp: { endpoint: `http://127.0.0.1:${port}/mcp` },
      triage: { enabled: false, allow_secrets_access: false },
    },
    readAccess: async () => ({}),
    mode: 'faults',
    pollInterval: 30_000,
    resyncInterval: 900_000,
    memory: { read: async () => undefined, write: () => undefined, known: async (all) => all.map(() => false) },
    detected: { load: async () => [], save: () => undefined, confirm: () => undefined },
    reconnect: DEFAULT_RECONNECT,
    readTimeout: 75_000,
    transport,
    connectLimit,
    listPace,
    logger: silentLogger,
    onReceived: ({ source, fault }) => {
      if (source === 'subscription') arrivals.add(fault.context);
    },
    onMalformed: (reason) => {
      throw new Error(reason);
    },
    onHealthChange: () => {
      if (connections[index]?.health().status === 'active') active.add(name);
      else active.delete(name);
    },
  });
});

await measure(
  size,
  {
    active: () => active.size,
    connect: () => connections.forEach((connection) => connection.start()),
    reconnects: true,
    // Each lists its Warning Events and its subscriptions once.
    idleMs: 40_000,
  },
  arrivals,
);
