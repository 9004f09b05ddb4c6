import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import pLimit from 'p-limit';
import { z } from 'zod';
import { Arrivals, measure } from './measure.ts';

/** Baseline: a loop of SDK clients with the SDK's own event stream and the global fetch. */

const [size = 0, port = 0] = process.argv.slice(2).map(Number);
const Data = z.object({ context: z.string() });
const arrivals = new Arrivals();
const limit = pLimit(50);
const clients: Client[] = [];

async function connect(): Promise<void> {
  const client = new Client({ name: 'bench', version: '1' });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    arrivals.add(Data.parse(params.data).context);
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)));
  await client.setLoggingLevel('info');
  await client.callTool({ name: 'events_subscribe', arguments: { mode: 'faults' } });
  clients.push(client);
}

await measure(
  size,
  {
    active: () => clients.length,
    connect: () => void Promise.all(Array.from({ length: size }, () => limit(connect))),
    reconnects: false,
    idleMs: 5_000,
  },
  arrivals,
);
