import { createServer, type Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { requestSameOrigin } from '../../src/mcp/session/http/same-origin-request.ts';
import { callStreamed } from '../../src/mcp/session/http/streamed-call.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/mcp`;
}

function newTransport(): ReturnType<typeof createMcpTransport> {
  const dispatcher = createMcpTransport();
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}

test('a request on a connection that the server has just closed is sent again, and others are not', async () => {
  const served = new Set<unknown>();
  let closed = 0;
  let closesAll = false;
  const endpoint = await listen(
    createServer((request, response) => {
      if (!closesAll && !served.has(request.socket)) {
        served.add(request.socket);
        response.end('answer');
        return;
      }
      closed += 1;
      request.socket.destroy();
    }),
  );
  const dispatcher = newTransport();
  const ask = async (): Promise<string> =>
    text((await requestSameOrigin(endpoint, { method: 'POST', body: 'x', dispatcher })).body);
  await expect.poll(async () => [await ask(), closed > 0], { timeout: 30_000 }).toEqual(['answer', true]);

  closesAll = true;
  closed = 0;
  await expect(requestSameOrigin(endpoint, { method: 'POST', body: 'x', dispatcher: newTransport() })).rejects.toThrow(
    /closed|reset/,
  );
  expect(closed).toBe(1);
});

test('a connection is used again after an event stream that ends a moment after the answer', async () => {
  const sockets = new Set<unknown>();
  let ended = Promise.withResolvers<void>();
  const endpoint = await listen(
    createServer((request, response) => {
      void (async () => {
        sockets.add(request.socket);
        await text(request);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"jsonrpc":"2.0","id":"1","result":{}}\n\n');
        setTimeout(() => response.end(() => ended.resolve()), 20);
      })();
    }),
  );
  const dispatcher = newTransport();
  for (let calls = 0; calls < 3; calls += 1) {
    const call = { id: '1', method: 'tools/call', params: {} };
    const { signal } = new AbortController();
    const options = { endpoint, headers: {}, dispatcher, signal, what: 'x', timeout: 60_000 };
    ended = Promise.withResolvers();
    const { body } = await callStreamed(call, options);
    // As a reader that has seen the answer.
    for await (const _ of body) break;
    await ended.promise;
    // The client reads the end in the next turns of the loop.
    for (let turns = 0; turns < 20; turns += 1) await setImmediate();
  }
  expect(sockets.size).toBe(1);
});

test('a connection whose event stream goes on after the answer is closed', async () => {
  let isClosed = false;
  const endpoint = await listen(
    createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"jsonrpc":"2.0","id":"1","result":{}}\n\n');
      response.on('close', () => (isClosed = true));
    }),
  );
  const { signal } = new AbortController();
  const options = { endpoint, headers: {}, dispatcher: newTransport(), signal, what: 'x', timeout: 60_000 };
  const { body } = await callStreamed({ id: '1', method: 'tools/call', params: {} }, options);
  for await (const _ of body) break;
  await expect.poll(() => isClosed, { timeout: 30_000 }).toBe(true);
});

test('an answer that goes on is cut when its time is over', async () => {
  const endpoint = await listen(
    createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    }),
  );
  const { signal } = new AbortController();
  const options = { endpoint, headers: {}, dispatcher: newTransport(), signal, what: 'x', timeout: 300 };
  const { body } = await callStreamed({ id: '1', method: 'tools/call', params: {} }, options);
  await expect(text(body)).rejects.toThrow(/did not answer in time \(x\)/);
});
