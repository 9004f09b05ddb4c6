import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TokenBucket } from './token-bucket.ts';

/** What is recorded of a server: an agent could send nothing else. */
const RECORDED = { rate: 5, burst: 100 };

/** Answers to what the parser refuses, by its code. */
const STATUSES = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/**
 * Refuses what no handler sees: what is no HTTP, such as a request that is smuggled in the body of another, and CONNECT.
 * @param record is called for each, but not for connections that only end or are slow
 */
export function refuseBroken(server: Server, record: (request: { verb: string; reason: string }) => void): void {
  const recorded = new TokenBucket(RECORDED, performance.now());
  const note = (verb: string, reason: string): void => {
    const now = performance.now();
    if (!recorded.allows(now)) return;
    recorded.take(now);
    record({ verb, reason });
  };
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    const { code = '' } = error;
    if (code.startsWith('HPE_')) note('malformed', `the request is not valid HTTP: ${error.message}`);
    else if (!STATUSES.has(code)) {
      socket.destroy();
      return;
    }
    end(socket, STATUSES.get(code) ?? '400 Bad Request');
  });
  server.on('connect', (_request, socket: Duplex) => {
    note('CONNECT', 'CONNECT is not a read');
    end(socket, '405 Method Not Allowed');
  });
}

function end(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  if (socket.writable)
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  else socket.destroy();
}
