import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

/** A server that redirects every request to a Location; it keeps what it was sent. */
async function startRedirecting(status: number, location: (path: string) => string) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    request.resume();
    response.writeHead(status, { location: location(request.url ?? '') }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return { endpoint: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/mcp`, seen };
}

test.each([301, 302, 307, 308])(
  'a redirect (%i) within the origin is followed by requests and by the stream',
  async (status) => {
    const server = await ScriptedServer.start();
    server.redirects = { '/old': '/mcp', status };
    const watched = watchCluster(server.endpoint.replace('/mcp', '/old'));
    await watched.active();
    server.fault({ faultId: 'through-the-redirect' });
    await expect.poll(() => watched.received).toMatchObject([{ fault: { faultId: 'through-the-redirect' } }]);
    await watched.connection.stop();
    expect(server.sessions.size).toBe(0);
  },
);

test('a redirect to another origin is refused, with the Location, and nothing is sent there', async () => {
  const other = await startRedirecting(200, () => '');
  const { endpoint } = await startRedirecting(308, () => other.endpoint);
  const watched = watchCluster(endpoint, { apiKey: 'key-of-the-first' });
  await watched.failed(/redirects to http.*another origin; if it is the right one, set mcp\.endpoint/);
  expect(watched.connection.health().error).toContain(other.endpoint);
  expect(other.seen).toEqual([]);
});

test('a redirect in circles is refused', async () => {
  const { endpoint, seen } = await startRedirecting(307, (path) => path);
  await watchCluster(endpoint).failed(/redirects to \/mcp, and on and on/);
  expect(seen.length).toBeGreaterThan(1);
});

test('the stream is opened whatever the case of its content type', async () => {
  const server = await ScriptedServer.start({
    get: (response, self) => {
      response.writeHead(200, { 'content-type': 'Text/Event-Stream; charset=UTF-8' }).flushHeaders();
      self.streams.add(response);
      return true;
    },
  });
  const watched = watchCluster(server.endpoint);
  await watched.active();
  server.fault({ faultId: 'any-case' });
  await expect.poll(() => watched.received).toMatchObject([{ fault: { faultId: 'any-case' } }]);
});

test('requests are answered by streams whatever the case of their content type', async () => {
  const server = await ScriptedServer.start({
    post: ({ id, method }, response) => {
      if (method !== 'tools/list') return false;
      const result = { tools: [{ name: 'resources_list', inputSchema: { type: 'object' } }] };
      response.writeHead(200, { 'content-type': 'TEXT/EVENT-STREAM' });
      response.end(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
      return true;
    },
  });
  const watched = watchCluster(server.endpoint, { mode: 'poll' });
  await watched.active();
  expect(watched.connection.health()).toMatchObject({ mode: 'poll' });
});
