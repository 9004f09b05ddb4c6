import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineEndpoint } from './engine-endpoint.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'nightcrier-engine-'));
  const context = async (name: string, meta: object, tls?: Record<string, string>): Promise<void> => {
    const id = createHash('sha256').update(name).digest('hex');
    const directory = path.join(home, '.docker/contexts/meta', id);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, 'meta.json'), JSON.stringify(meta));
    if (tls === undefined) return;
    const keys = path.join(home, '.docker/contexts/tls', id, 'docker');
    await mkdir(keys, { recursive: true });
    for (const [file, text] of Object.entries(tls)) await writeFile(path.join(keys, file), text);
  };
  await context('remote', { Name: 'remote', Endpoints: { docker: { Host: 'tcp://engine:2376' } } }, { 'ca.pem': 'CA' });
  await context('rootless', { Name: 'rootless', Endpoints: { docker: { Host: 'unix:///run/user/1/docker.sock' } } });
  await context('far', { Name: 'far', Endpoints: { docker: { Host: 'ssh://me@far' } } });
  await context('empty', { Name: 'empty', Endpoints: {} });
});
afterAll(() => rm(home, { recursive: true, force: true }));

it.each<[string, Record<string, string>, object]>([
  ['the default', {}, { kind: 'socket', path: '/var/run/docker.sock' }],
  ['DOCKER_HOST', { DOCKER_HOST: 'unix:///run/x.sock' }, { kind: 'socket', path: '/run/x.sock' }],
  ['DOCKER_HOST without TLS', { DOCKER_HOST: 'tcp://engine:2375' }, { kind: 'tcp', origin: 'http://engine:2375' }],
  [
    'DOCKER_HOST with TLS',
    { DOCKER_HOST: 'tcp://engine:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' },
    {
      kind: 'tcp',
      origin: 'https://engine:2376',
      tls: { ca: undefined, cert: undefined, key: undefined, verify: true },
    },
  ],
  ['a context', { DOCKER_CONTEXT: 'rootless' }, { kind: 'socket', path: '/run/user/1/docker.sock' }],
  [
    'DOCKER_HOST before a context',
    { DOCKER_CONTEXT: 'remote', DOCKER_HOST: 'unix:///x' },
    { kind: 'socket', path: '/x' },
  ],
  ['the default context', { DOCKER_CONTEXT: 'default' }, { kind: 'socket', path: '/var/run/docker.sock' }],
])('follows %s', (_, environment, expected) => {
  expect(engineEndpoint('docker', { HOME: home, ...environment })).toEqual(expected);
});

it('takes the TLS files of a context', () => {
  expect(engineEndpoint('docker', { HOME: home, DOCKER_CONTEXT: 'remote' })).toMatchObject({
    origin: 'https://engine:2376',
    tls: { ca: Buffer.from('CA'), verify: true },
  });
});

it("follows the current context of the client's configuration", async () => {
  const file = path.join(home, '.docker/config.json');
  await writeFile(file, JSON.stringify({ currentContext: 'rootless' }));
  expect(engineEndpoint('docker', { HOME: home })).toEqual({ kind: 'socket', path: '/run/user/1/docker.sock' });
  await rm(file);
});

it.each([
  ['far', "the Docker context 'far' 'ssh://me@far' is not supported: expected unix:// or tcp://"],
  ['empty', "the Docker context 'empty' names no host"],
  ['missing', 'meta.json cannot be read'],
])('refuses the context %s by name', (name, message) => {
  expect(() => engineEndpoint('docker', { HOME: home, DOCKER_CONTEXT: name })).toThrow(message);
});

it('finds the service of podman', () => {
  expect(engineEndpoint('podman', { CONTAINER_HOST: 'unix:///p.sock' })).toEqual({ kind: 'socket', path: '/p.sock' });
  expect(engineEndpoint('podman', { XDG_RUNTIME_DIR: '/nowhere' })).toEqual({
    kind: 'socket',
    path: '/run/podman/podman.sock',
  });
});
