import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openKubernetes } from '../../src/kubernetes/client.ts';
import { startStubApiServer, type Answer } from './stub-api-server.ts';

const OK: Answer = { body: { kind: 'Pod' } };
const POD = ['api', 'v1', 'namespaces', 'shop', 'pods', 'cart'];

describe('openKubernetes', () => {
  it('sends a token of the kubeconfig, and its path under the server URL', async () => {
    await using server = await startStubApiServer(() => OK);
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    expect(await kubernetes.get(POD, { query: { limit: 5 } })).toEqual({ kind: 'Pod' });
    expect(server.received).toMatchObject([
      { method: 'GET', path: '/api/v1/namespaces/shop/pods/cart?limit=5', authorization: 'Bearer the-token' },
    ]);
  });

  it('reads a null at any depth as a missing field', async () => {
    const body = { items: null, spec: { containers: [{ name: 'cart', env: null }], volumes: [] } };
    await using server = await startStubApiServer(() => ({ body }));
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    const read = await kubernetes.get(POD);
    expect(JSON.stringify(read)).toBe('{"spec":{"containers":[{"name":"cart"}],"volumes":[]}}');
  });

  it('reads a token file relative to the kubeconfig, without its newline, before a token', async () => {
    await using server = await startStubApiServer(() => OK);
    await writeFile(path.join(server.folder, 'token'), 'from-a-file\n');
    await using kubernetes = await openKubernetes(await server.kubeconfig({ tokenFile: 'token', token: 'stale' }));
    await kubernetes.get(POD);
    expect(server.received[0]?.authorization).toBe('Bearer from-a-file');
  });

  it('runs a credential plug-in relative to the kubeconfig, once for many requests', async () => {
    await using server = await startStubApiServer(() => OK);
    const credential = '{"kind":"ExecCredential","status":{"token":"from-a-plug-in"}}';
    const script = `#!/bin/sh\necho run >> ${server.folder}/runs\necho '${credential}'\n`;
    await mkdir(path.join(server.folder, 'bin'));
    await writeFile(path.join(server.folder, 'bin/login'), script, { mode: 0o755 });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './bin/login', interactiveMode: 'Never' };
    await using kubernetes = await openKubernetes(await server.kubeconfig({ exec }));
    await Promise.all([kubernetes.get(POD), kubernetes.get(POD), kubernetes.get(POD)]);
    expect(server.received.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer from-a-plug-in'));
    expect(await readFile(path.join(server.folder, 'runs'), 'utf8')).toBe('run\n');
  });

  it('says that the credential plug-in failed, and why', async () => {
    await using server = await startStubApiServer(() => OK);
    const exec = { command: 'no-such-login', apiVersion: 'client.authentication.k8s.io/v1' };
    await using kubernetes = await openKubernetes(await server.kubeconfig({ exec }));
    await expect(kubernetes.get(POD)).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringContaining('credential command "no-such-login" of the kubeconfig was not found'),
    });
  });

  it.each([
    [401, 'credentials'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [500, 'http'],
    [302, 'http'],
  ])('turns the status %i into the code %s with what the server said', async (status, code) => {
    await using server = await startStubApiServer(() => ({ status, body: { message: 'because of this' } }));
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    await expect(kubernetes.get(POD)).rejects.toMatchObject({
      code,
      status,
      message: expect.stringMatching(/127\.0\.0\.1.*because of this/),
    });
  });

  it('stops waiting for a server that stays silent', async () => {
    await using server = await startStubApiServer(() => 'silence');
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    await expect(kubernetes.get(POD, { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it("throws the caller's reason when the caller aborts", async () => {
    await using server = await startStubApiServer(() => 'silence');
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    const controller = new AbortController();
    const pending = kubernetes.get(POD, { signal: controller.signal });
    await expect.poll(() => server.received.length).toBe(1);
    controller.abort(new Error('shutting down'));
    await expect(pending).rejects.toThrow('shutting down');
  });

  it('names the server that cannot be reached', async () => {
    await using server = await startStubApiServer(() => OK);
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    server.stop();
    await expect(kubernetes.get(POD)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/cannot reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/),
    });
  });

  it('takes no answer beyond the bound, and nothing that is no JSON object', async () => {
    let body: unknown = { items: 'x'.repeat(1000) };
    await using server = await startStubApiServer(() => ({ body }));
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    await expect(kubernetes.get(POD, { maxBytes: 100 })).rejects.toMatchObject({ code: 'http' });
    body = '<html>';
    await expect(kubernetes.get(POD)).rejects.toMatchObject({ code: 'http' });
  });

  it.each(['..', '.', '', 'a/b', '%2e%2e'])(
    'sends nothing for the name "%s", which could lead elsewhere',
    async (name) => {
      await using server = await startStubApiServer(() => OK);
      await using kubernetes = await openKubernetes(await server.kubeconfig());
      await expect(kubernetes.get(['api', 'v1', 'namespaces', 'shop', 'pods', name])).rejects.toThrow(
        'not a valid name',
      );
      expect(server.received).toEqual([]);
    },
  );

  it.each([
    ['no such file', undefined, /missing\.yaml: no such file; set/],
    ['no YAML', '{', /is not a valid kubeconfig/],
    ['no current context', 'apiVersion: v1', /has no current-context/],
    ['a context that is not there', 'current-context: x', /has no context "x"/],
    [
      'a context without its cluster',
      'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]',
      /has no cluster "c", which the context "x" names/,
    ],
    [
      'a context without its user',
      'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "https://h"}}]',
      /has no user "u"/,
    ],
    [
      'a server that is no URL',
      'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "h"}}]\nusers: [{name: u, user: {}}]',
      /has the server "h"; give an http/,
    ],
  ])('refuses a kubeconfig with %s and says which file', async (_, content, message) => {
    await using server = await startStubApiServer(() => OK);
    const file = path.join(server.folder, 'missing.yaml');
    if (content !== undefined) await writeFile(file, content);
    const opening = openKubernetes(file);
    await expect(opening).rejects.toMatchObject({ code: 'kubeconfig', message: expect.stringContaining(file) });
    await expect(opening).rejects.toThrow(message);
  });
});
