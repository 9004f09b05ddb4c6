import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { openKubernetes } from '../../src/kubernetes/client.ts';
import { type Answer, startStubApiServer } from './stub-api-server.ts';

const OK: Answer = { body: { kind: 'Pod' } };
const POD = ['api', 'v1', 'namespaces', 'shop', 'pods', 'cart'];
const CONTEXT = 'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n';

describe('a kubeconfig', () => {
  it('sends its groups, uid and extra fields, as kubectl does', async () => {
    await using server = await startStubApiServer(() => OK);
    const user = {
      token: 't',
      as: 'jane',
      'as-groups': ['viewers', 'ops'],
      'as-uid': '42',
      'as-user-extra': { team: ['a'], 'example.com/role(s)': ['b'] },
    };
    await using kubernetes = await openKubernetes(await server.kubeconfig(user));
    await kubernetes.get(POD);
    expect(server.received[0]?.headers).toMatchObject({
      'impersonate-user': 'jane',
      'impersonate-group': expect.stringMatching(/viewers.*ops/),
      'impersonate-uid': '42',
      'impersonate-extra-team': 'a',
      'impersonate-extra-example.com%2frole%28s%29': 'b',
    });
  });

  it('may use merge keys, and several contexts of which only the current one must be whole', async () => {
    await using server = await startStubApiServer(() => OK);
    const file = path.join(server.folder, 'merged.yaml');
    await writeFile(
      file,
      `base: &base {server: "${server.url}"}
current-context: x
contexts: [{name: y, context: {cluster: gone, user: gone}}, {name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {<<: *base}}]
users: [{name: u, user: {token: merged}}]
`,
    );
    await using kubernetes = await openKubernetes(file);
    await kubernetes.get(POD);
    expect(server.received[0]?.authorization).toBe('Bearer merged');
  });

  it.each([
    ['is empty', ' \n', /is empty; write one with/],
    ['has clusters of the wrong type', `${CONTEXT}clusters: {c: 1}`, /clusters: .*expected array/],
    [
      'has a server of the wrong type',
      `${CONTEXT}clusters: [{name: c, cluster: {server: [1]}}]`,
      /clusters\[0\]\.cluster\.server: /,
    ],
    [
      'has a token of the wrong type',
      `${CONTEXT}users: [{name: u, user: {token: {a: hidden}}}]`,
      /users\[0\]\.user\.token: /,
    ],
    [
      'impersonates nobody',
      `${CONTEXT}clusters: [{name: c, cluster: {server: "http://h"}}]\nusers: [{name: u, user: {as-uid: "1"}}]`,
      /without "as"/,
    ],
    [
      'has extra fields of nobody',
      `${CONTEXT}clusters: [{name: c, cluster: {server: "http://h"}}]\nusers: [{name: u, user: {as-user-extra: {team: [a]}}}]`,
      /without "as"/,
    ],
  ])('that %s is refused with the reason and the place', async (_, content, message) => {
    await using server = await startStubApiServer(() => OK);
    const file = path.join(server.folder, 'bad.yaml');
    await writeFile(file, content);
    const opening = openKubernetes(file);
    await expect(opening).rejects.toMatchObject({ code: 'kubeconfig', message: expect.stringContaining(file) });
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.not.toThrow('hidden');
  });

  it('whose credential command is missing says so, and does not blame the API server', async () => {
    await using server = await startStubApiServer(() => OK);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-login', interactiveMode: 'Never' };
    await using kubernetes = await openKubernetes(await server.kubeconfig({ exec }));
    await expect(kubernetes.get(POD)).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringMatching(/credential command "no-such-login" of the kubeconfig was not found; install it/),
    });
    expect(server.received).toEqual([]);
  });

  it.each([
    ['prints no JSON', 'echo planted-0f-a-command-1'],
    ['fails and prints a token', 'echo token planted0fAcommand1 is denied >&2; exit 1'],
  ])('whose credential command %s repeats nothing of it', async (_, script) => {
    await using server = await startStubApiServer(() => OK);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: '/bin/sh',
      args: ['-c', script],
      interactiveMode: 'Never',
    };
    await using kubernetes = await openKubernetes(await server.kubeconfig({ exec }));
    const error: unknown = await kubernetes.get(POD).catch((thrown: unknown) => thrown);
    expect(inspect(error)).toContain('run it by hand');
    expect(inspect(error)).not.toContain('planted');
  });

  it('has its credentials hidden in errors, as they are and as they are sent', async () => {
    await using server = await startStubApiServer(() => OK);
    const user = { username: 'bob', password: 'planted-password-of-bob' };
    await using kubernetes = await openKubernetes(await server.kubeconfig(user));
    await kubernetes.get(POD);
    const sent = String(server.received[0]?.headers.authorization);
    expect(hideSecrets(`${user.password} and ${sent}`)).toBe('[secret] and Basic [secret]');
  });

  it('whose credential command hangs says so, and does not blame the API server', async () => {
    await using server = await startStubApiServer(() => OK);
    const pid = path.join(server.folder, 'pid');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: '/bin/sh',
      args: ['-c', `echo $$ > ${pid}; exec sleep 60`],
      interactiveMode: 'Never',
    };
    await using kubernetes = await openKubernetes(await server.kubeconfig({ exec }));
    await expect(kubernetes.get(POD, { timeout: 500 })).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringMatching(/credential command "\/bin\/sh" gave none within 500 ms/),
    });
    const started = async (): Promise<number> => Number(await readFile(pid, 'utf8').catch(() => ''));
    await expect.poll(started).toBeGreaterThan(0);
    process.kill(await started(), 'SIGKILL');
  });

  it('whose token file is missing says which file', async () => {
    await using server = await startStubApiServer(() => OK);
    await using kubernetes = await openKubernetes(await server.kubeconfig({ tokenFile: 'gone' }));
    await expect(kubernetes.get(POD)).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringMatching(/ENOENT.*gone.*check the token, key and CA files/),
    });
  });
});

describe('an API server that', () => {
  it('throttles is asked again when it says that it is ready', async () => {
    let asked = 0;
    await using server = await startStubApiServer(() => {
      asked += 1;
      return asked < 3 ? { status: 429, headers: { 'retry-after': '0' }, body: { message: 'slow down' } } : OK;
    });
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    expect(await kubernetes.get(POD)).toEqual({ kind: 'Pod' });
    expect(asked).toBe(3);
  });

  it.each([500, 503])('answers %i now and then is asked again, also for a self-review', async (status) => {
    let asked = 0;
    await using server = await startStubApiServer(() => {
      asked += 1;
      return asked === 1 ? { status, body: { message: 'etcdserver: leader changed' } } : OK;
    });
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    await kubernetes.selfReview('selfsubjectaccessreviews', {});
    expect(asked).toBe(2);
  });

  it('asks for more time than the caller has fails at once', async () => {
    let asked = 0;
    await using server = await startStubApiServer(() => {
      asked += 1;
      return { status: 429, headers: { 'retry-after': '3600' }, body: { message: 'come back tomorrow' } };
    });
    await using kubernetes = await openKubernetes(await server.kubeconfig());
    await expect(kubernetes.get(POD)).rejects.toMatchObject({ status: 429, retryAfter: 3_600_000 });
    expect(asked).toBe(1);
  });
});
