import { createServer } from 'node:net';

/** Below the ports that Linux and macOS assign by themselves, so that a port stays free until it is used, and while its server is stopped. */
const FIRST = 12_000; // `fetch` and browsers refuse 10080
const LAST = 32_767;
const ATTEMPTS = 100;

/** Each process begins elsewhere, and takes every port once. */
let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** Returns a free port of an address that the system assigns to no other program; 0, for any, if it finds none. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = next;
    next = port === LAST ? FIRST : port + 1;
    if (await isFree(port, host)) return port;
  }
  return 0;
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, host, () => server.close(() => resolve(true)));
  return promise;
}
