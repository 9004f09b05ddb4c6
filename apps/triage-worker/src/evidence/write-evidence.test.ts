import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { EvidencePiece } from './evidence.ts';
import { writeEvidence } from './write-evidence.ts';

it('writes a file per piece and an index that says where each comes from', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-evidence-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const at = '2026-01-02T03:04:05Z';
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart-1' }, spec: { nodeName: 'node-1' } };
  const pieces: EvidencePiece[] = [
    { type: 'object', role: 'resource', object: pod, command: 'kubectl get pod cart-1 -o yaml', at },
    { type: 'events', about: { kind: 'Pod', name: 'cart-1' }, events: [{ reason: 'BackOff' }], command: 'events', at },
    {
      type: 'log',
      namespace: 'shop',
      pod: 'cart-1',
      container: 'app',
      previous: true,
      text: 'the end\n',
      command: 'kubectl logs',
      at,
    },
    { type: 'gap', code: 'forbidden', reason: 'may not', command: 'kubectl get node node-1 -o yaml', at },
    { type: 'object', role: 'node', object: { kind: '../../x', metadata: { name: '../y' } }, command: 'x', at },
    { type: 'list', kind: 'Service', namespace: 'shop', objects: [pod], truncated: false, command: 'services', at },
    {
      type: 'alerts',
      alerts: [{ labels: { alertname: 'Slow' }, annotations: {}, startsAt: at }],
      command: 'alerts',
      at,
    },
  ];
  writeEvidence({ collectedAt: at, pieces }, directory);

  const index: { file?: string; command: string; error?: string }[] = JSON.parse(
    await readFile(path.join(directory, 'index.json'), 'utf8'),
  );
  expect(index.map(({ file, error }) => file ?? error)).toEqual([
    '01-pod-cart-1.yaml',
    '02-events-pod-cart-1.yaml',
    '03-log-cart-1-app-previous.txt',
    'may not',
    '05-.._.._x-.._y.yaml',
    '06-list-service-shop.yaml',
    '07-alerts.yaml',
  ]);
  expect((await readdir(directory)).sort()).toEqual([...index.flatMap(({ file }) => file ?? []), 'index.json']);
  expect(index[0]?.command).toBe('kubectl get pod cart-1 -o yaml');
  expect(await readFile(path.join(directory, '03-log-cart-1-app-previous.txt'), 'utf8')).toBe('the end\n');
  expect(await readFile(path.join(directory, '01-pod-cart-1.yaml'), 'utf8')).toContain('nodeName: node-1');
});
