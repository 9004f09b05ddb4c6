import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@nightcrier/core/logger';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { readServerProblems } from '@nightcrier/state/server/redis-server';
import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { nativeKind } from '../fixtures/redis-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const files = (await readdir(ROOT)).filter((file) => /^docker-compose.*\.yml$/.test(file));

const Service = z.looseObject({
  image: z.string().optional(),
  command: z.union([z.string(), z.array(z.string())]).optional(),
  privileged: z.boolean().optional(),
  cap_add: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
});
const Compose = z.looseObject({ services: z.record(z.string(), Service) });

async function servicesOf(file: string): Promise<[string, z.infer<typeof Service>][]> {
  const text = await readFile(path.join(ROOT, file), 'utf8');
  return Object.entries(Compose.parse(parse(text, { merge: true })).services);
}

/** The files beside this one add to its services. */
const BASE = 'docker-compose.yml';

test('each service drops all capabilities, reads its root only, and gains no privileges', async () => {
  for (const [name, service] of await servicesOf(BASE)) {
    expect({ name, ...service }).toMatchObject({
      cap_drop: ['ALL'],
      read_only: true,
      security_opt: ['no-new-privileges:true'],
      pids_limit: expect.any(Number),
    });
  }
});

describe.each(files)('%s', (file) => {
  test('takes no protection away', async () => {
    for (const [name, { privileged, cap_add: added, read_only = true }] of await servicesOf(file)) {
      expect({ name, privileged, added, read_only }).toEqual({ name, read_only: true });
    }
  });

  test('names foreign images by version', async () => {
    const images = (await servicesOf(file)).flatMap(([, { image }]) => image ?? []);
    const foreign = images.filter((image) => !image.includes('NIGHTCRIER_IMAGE'));
    expect(foreign.filter((image) => !/^[\w./-]+:\d[\w.-]*$/.test(image))).toEqual([]);
  });
});

test.skipIf(nativeKind !== 'redis-server')(
  'Redis asks for a password and takes the commands that Nightcrier sends, and no others',
  async () => {
    const [, redis] = (await servicesOf(BASE)).find(([name]) => name === 'redis') ?? [];
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-compose-'));
    const port = await freePort();
    const script = [redis?.command ?? []]
      .flat()
      .join('\n')
      .replace(/^sh\n-c\n/, '')
      .replaceAll('$$', '$')
      .replace('dir /data', `dir ${folder}\nport ${port}\nbind 127.0.0.1`);
    expect(script).not.toContain('planted-1');
    const server = execa('sh', ['-c', script], { env: { REDISCLI_AUTH: 'planted-1' }, reject: false });
    const [user, stranger] = ['redis://:planted-1@', 'redis://'].map((url) =>
      connectWorker({ url: `${url}127.0.0.1:${port}`, key_prefix: 'nightcrier' }, silentLogger),
    );
    try {
      if (!user || !stranger) throw new Error('no connection');
      await vi.waitFor(() => user.ping(), { timeout: 60_000 });
      expect(await readServerProblems(user, 'nightcrier')).toEqual([]);
      await expect(user.call('CONFIG', 'GET', 'requirepass')).rejects.toThrow('NOPERM');
      await expect(user.call('KEYS', '*')).rejects.toThrow('NOPERM');
      await expect(stranger.call('PING')).rejects.toThrow('NOAUTH');
    } finally {
      for (const connection of [user, stranger]) if (connection) await disconnect(connection);
      server.kill('SIGKILL');
      await server;
      await rm(folder, { recursive: true });
    }
  },
);
