import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { directKubeconfig } from './direct-kubeconfig.ts';

it('has the current context alone, with the files that it names', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'direct-kubeconfig-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'ca.pem'), 'the-ca');
  await writeFile(path.join(folder, 'token'), 'the-token\n');
  const file = path.join(folder, 'config.yaml');
  await writeFile(
    file,
    `apiVersion: v1
kind: Config
current-context: reader
contexts:
- {name: admin, context: {cluster: west, user: admin}}
- {name: reader, context: {cluster: west, user: reader, namespace: shop}}
clusters:
- {name: west, cluster: {server: "https://west", certificate-authority: ca.pem}}
- {name: east, cluster: {server: "https://east"}}
users:
- {name: admin, user: {token: all-powerful}}
- {name: reader, user: {tokenFile: token, as: jane}}
`,
  );
  expect(parse(await directKubeconfig(file))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'reader',
    contexts: [{ name: 'reader', context: { cluster: 'west', user: 'reader', namespace: 'shop' } }],
    clusters: [{ name: 'west', cluster: { server: 'https://west', 'certificate-authority-data': 'dGhlLWNh' } }],
    users: [{ name: 'reader', user: { token: 'the-token', as: 'jane' } }],
  });
});
