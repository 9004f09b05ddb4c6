import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { gap, objectPiece, podEvidence } from '../../test/analyser/evidence-of.ts';
import { writeEvidence } from './write-evidence.ts';

it('writes a file per piece and an index that says where each comes from', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-evidence-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const more = [
    gap('kubectl get node node-1 -o yaml', 'may not'),
    objectPiece('node', { kind: '../../x', metadata: { name: '../y' } }),
  ];
  writeEvidence(podEvidence({ events: [['BackOff', 'again']], previousLog: 'the end\n', more }), directory);

  const index: { file?: string; command: string; error?: string }[] = JSON.parse(
    await readFile(path.join(directory, 'index.json'), 'utf8'),
  );
  expect(index.map(({ file, error }) => file ?? error)).toEqual([
    '01-pod-cart-1.yaml',
    '02-events-pod-cart-1.yaml',
    '03-log-cart-1-app-previous.txt',
    'may not',
    '05-.._.._x-.._y.yaml',
  ]);
  expect((await readdir(directory)).sort()).toEqual([...index.flatMap(({ file }) => file ?? []), 'index.json']);
  expect(index[0]?.command).toBe('kubectl get pod cart-1 -o yaml');
  expect(await readFile(path.join(directory, '03-log-cart-1-app-previous.txt'), 'utf8')).toBe('the end\n');
  expect(await readFile(path.join(directory, '01-pod-cart-1.yaml'), 'utf8')).toContain('nodeName: node-1');
});
