import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A proxy on loopback whose connections can be reset, and can go silent as behind a firewall that forgot them. */
export interface FlowProxy {
  port: number;
  /** Resets all present connections. */
  cut(): void;
  /** Present connections carry nothing any more and stay open; new ones work. */
  drop(): void;
  close(): void;
}

export async function startFlowProxy(target: () => number): Promise<FlowProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(target(), '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [socket, other] of [pair, [upstream, client] as const]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('proxy has no port');
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  return {
    port: address.port,
    cut,
    drop: () => {
      for (const [client, upstream] of pairs) {
        // Reads on and forwards nothing, so that neither side notices.
        client.unpipe(upstream).resume();
        upstream.unpipe(client).resume();
      }
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
