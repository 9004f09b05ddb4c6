import { Settings } from '@nightcrier/core/settings/config';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readableByOthers } from './file-modes.ts';

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
