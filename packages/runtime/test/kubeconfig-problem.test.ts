import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubeconfigProblem } from '../src/configuration/kubeconfig-problem.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-kubeconfig-'));
  await writeFile(path.join(folder, 'ca.crt'), 'certificate');
  await writeFile(path.join(folder, 'token'), 'secret-token');
  await writeFile(path.join(folder, 'login'), '#!/bin/sh\n');
  await chmod(path.join(folder, 'login'), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const HEAD = 'apiVersion: v1\nkind: Config\n';
const CONTEXTS = `current-context: two
contexts:
  - {name: one, context: {cluster: a, user: none-such}}
  - {name: two, context: {cluster: a, user: reader}}
`;
const withUser = (user: string, cluster = '{server: "https://10.0.0.1:6443"}'): string =>
  `${HEAD}${CONTEXTS}clusters: [{name: a, cluster: ${cluster}}]\nusers: [{name: reader, user: ${user}}]\n`;

test.each([
  ['a token', withUser('{token: x}')],
  ['the second of several contexts', withUser('{}')],
  ['files beside it', withUser('{tokenFile: token}', '{server: "https://h", certificate-authority: ca.crt}')],
  ['a credential command beside it', withUser('{exec: {command: ./login}}')],
  ['a credential command on the PATH', withUser('{exec: {command: login}}')],
  ['impersonation', withUser('{as: jane, as-groups: [viewers], as-uid: "1"}')],
  [
    'merge keys',
    `${HEAD}${CONTEXTS}base: &base {server: "https://h"}\nclusters: [{name: a, cluster: {<<: *base}}]\nusers: [{name: reader, user: {}}]`,
  ],
])('a kubeconfig with %s can be used', (_, text) => {
  expect(kubeconfigProblem(text, path.join(folder, 'config'), `/nowhere:${folder}`)).toBeUndefined();
});

test.each([
  ['is empty', ' \n', 'is empty'],
  ['is no YAML', '{', 'is not valid YAML'],
  ['is a list', '- a', 'it must be a mapping'],
  ['has contexts of the wrong type', `${HEAD}current-context: a\ncontexts: {a: 1}`, 'contexts must be a list'],
  ['has no current context', HEAD, 'has no current-context'],
  ['names a missing file', withUser('{tokenFile: gone}'), 'names the tokenFile gone, which is not a readable file'],
  ['has the token where its file belongs', withUser('{tokenFile: abcdefghijklmnop0123456789}'), 'tokenFile (not shown'],
  ['has a server with a password', withUser('{}', '{server: "h://u:hush@h"}'), 'has the server that is not shown'],
  [
    'names a missing authority',
    withUser('{}', '{server: "https://h", certificate-authority: gone.crt}'),
    'names the certificate-authority gone.crt',
  ],
  ['has a server that is no URL', withUser('{}', '{server: h}'), 'has the server "h"; it must be an http(s) URL'],
  [
    'names a missing command',
    withUser('{exec: {command: no-such-login}}'),
    'no-such-login, which is not an executable on',
  ],
  [
    'names a file that is not executable',
    withUser('{exec: {command: ./token}}'),
    './token, which is not an executable file',
  ],
  ['has a command of the wrong type', withUser('{exec: {command: [a]}}'), 'without exec.command'],
  ['has groups of the wrong type', withUser('{as: jane, as-groups: viewers}'), 'as-groups that are not a list'],
  ['impersonates nobody', withUser('{as-groups: [viewers]}'), 'without "as"'],
])('a kubeconfig that %s is refused with the reason, and without a credential', (_, text, problem) => {
  const found = kubeconfigProblem(text, path.join(folder, 'config'), folder);
  expect(found).toContain(problem);
  expect(found).not.toContain('secret-token');
});
