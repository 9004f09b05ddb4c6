import { Settings } from '@nightcrier/core/settings/config';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '@nightcrier/core/settings/secret';
import { configurationReadableByOthers, readableByOthers } from './file-modes.ts';

test('a secret or kubeconfig that every user can read is a warning that names it, once', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'nightcrier-modes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = (name: string, mode: number): string => {
    const named = path.join(folder, name);
    writeFileSync(named, 'x');
    chmodSync(named, mode);
    return named;
  };
  const [open, shared, group] = [file('open', 0o644), file('shared', 0o604), file('group', 0o640)];
  const clusters = ['west', 'east'].map((name) =>
    ClusterConfig.parse({
      name,
      mcp: { endpoint: 'http://mcp', api_key_file: group },
      triage: { enabled: true, kubeconfig: shared },
    }),
  );
  const config = { ...Settings.parse({ webhook_secret_file: open, api: { access_key_file: group } }), clusters };
  expect(readableByOthers(config)).toEqual([
    `webhook_secret_file: every user of this machine can read ${open}; run: chmod o-r ${open}`,
    `cluster west: kubeconfig: every user of this machine can read ${shared}; run: chmod o-r ${shared}`,
  ]);
  chmodSync(open, 0o600);
  chmodSync(shared, 0o600);
  expect(readableByOthers(config)).toEqual([]);
});

test('the token and key that a kubeconfig names are examined as well', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'nightcrier-modes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, 'users:\n- name: a\n  user: {tokenFile: ./token, client-key: "key.pem"}\n', {
    mode: 0o600,
  });
  for (const name of ['token', 'key.pem']) {
    writeFileSync(path.join(folder, name), 'x');
    chmodSync(path.join(folder, name), 0o644);
  }
  const cluster = ClusterConfig.parse({
    name: 'west',
    mcp: { endpoint: 'http://mcp' },
    triage: { enabled: true, kubeconfig },
  });
  expect(readableByOthers({ ...Settings.parse({}), clusters: [cluster] })).toEqual([
    expect.stringContaining(`tokenFile of the kubeconfig: every user of this machine can read ${folder}/token`),
    expect.stringContaining(`client-key of the kubeconfig: every user of this machine can read ${folder}/key.pem`),
  ]);
});

test('a configuration file that every user can read is a warning where a secret is written in it', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'nightcrier-modes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'nightcrier.yaml');
  writeFileSync(file, '');
  chmodSync(file, 0o644);
  const config = { ...Settings.parse({}), clusters: [], webhook_secret: new Secret('planted-in-the-file') };
  expect(configurationReadableByOthers(config, file, () => true)).toEqual([
    `webhook_secret: every user of this machine can read ${file}, which contains secrets; run: chmod o-r ${file}`,
  ]);
  expect(configurationReadableByOthers(config, file, () => false)).toEqual([]);
  chmodSync(file, 0o600);
  expect(configurationReadableByOthers(config, file, () => true)).toEqual([]);
});
