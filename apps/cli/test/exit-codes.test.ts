import { execa } from 'execa';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const CLI = path.join(import.meta.dirname, '../src/main.ts');

async function nightcrier(words: string[], environment: Record<string, string> = {}) {
  return execa(process.execPath, [CLI, ...words], {
    reject: false,
    env: { PATH: process.env.PATH, ...environment },
    extendEnv: false,
  });
}

test.each<[words: string[], environment: Record<string, string>, message: RegExp]>([
  [['simulate', '--nonsense'], {}, /clusters/],
  [['books', '--api-url', 'nonsense'], {}, /'nonsense' is invalid\. It must be a URL such as/],
  [['incidents', 'list'], { NIGHTCRIER_API_URL: 'localhost:8080' }, /'localhost:8080' from env 'NIGHTCRIER_API_URL'/],
])('%j is a usage error', async (words, environment, message) => {
  expect(await nightcrier(words, environment)).toMatchObject({ exitCode: 64, stderr: expect.stringMatching(message) });
});

test.each([
  ['the field that does not fit', '{"incidents":[{"incident_id":7}]}', /field incidents\.0\.\S+: /],
  ['that it is no JSON', '<html></html>', /the answer is no JSON object/],
])('an answer that is none of the API is an error that names %s and what answered', async (_, body, message) => {
  const server = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { exitCode, stderr } = await nightcrier(['incidents', 'list', '--api-url', `http://127.0.0.1:${port}`]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(message);
  expect(stderr).toContain(`GET http://127.0.0.1:${port}/api/incidents`);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
