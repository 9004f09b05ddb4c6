import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import type { Evidence, EvidencePiece, ObjectPiece } from './evidence.ts';
import { readEvidence, RecordedEvidenceError } from './read-evidence.ts';
import { writeEvidence } from './write-evidence.ts';

const at = '2026-01-02T03:04:05Z';
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-evidence-'));
  onTestFinished(() => rm(directory, { recursive: true }));
});

const text = fc.string({ unit: 'binary', maxLength: 40 });
const lines = fc
  .array(
    fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\r\n',
      '\r',
      '\t',
      ': ',
      '- ',
      '#',
      '|',
      '"',
      "'",
      '\u0085',
      '\u2028',
      '\uFEFF',
      '2026-01-01',
      'null',
      '~',
      '0x1f',
      '---',
      '...',
    ),
    { maxLength: 12 },
  )
  .map((words) => words.join(''));
const word = fc.oneof(text, lines);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    word,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const object = fc.record({
  apiVersion: word,
  kind: word,
  metadata: fc.record({ name: word }),
  spec: tree,
  status: tree,
});
const labels = fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true });
const maybeNamespace = fc.record({ namespace: word }, { requiredKeys: [] });
const provenance = fc.record({ command: word, at: word });

const piece: fc.Arbitrary<EvidencePiece> = fc
  .tuple(
    provenance,
    fc.oneof(
      fc.record({ type: fc.constant('object' as const), role: fc.constantFrom('resource', 'node'), object }),
      fc
        .tuple(maybeNamespace, word, word, fc.array(fc.record({ reason: word, message: word }), { maxLength: 2 }))
        .map(([namespace, kind, name, events]) => ({
          type: 'events' as const,
          about: { kind, name, ...namespace },
          events,
        })),
      fc
        .tuple(maybeNamespace, word, fc.boolean(), fc.array(object, { maxLength: 2 }))
        .map(([namespace, kind, truncated, objects]) => ({
          type: 'list' as const,
          kind,
          truncated,
          objects,
          ...namespace,
        })),
      fc.record({
        type: fc.constant('log' as const),
        namespace: word,
        pod: word,
        container: word,
        previous: fc.boolean(),
        text: word,
      }),
      fc.record(
        {
          type: fc.constant('existence' as const),
          kind: fc.constant('ConfigMap' as const),
          namespace: word,
          name: word,
          exists: fc.boolean(),
          keys: fc.array(word, { maxLength: 2 }),
          changedBy: fc.array(fc.record({ manager: word, operation: word, time: word, fields: fc.array(word) }), {
            maxLength: 2,
          }),
        },
        { requiredKeys: ['type', 'kind', 'namespace', 'name', 'exists'] },
      ),
      fc.record({
        type: fc.constant('alerts' as const),
        alerts: fc.array(fc.record({ labels, annotations: labels, startsAt: word }), { maxLength: 2 }),
      }),
      fc.record({
        type: fc.constant('metrics' as const),
        name: word,
        meaning: word,
        query: word,
        series: fc.array(fc.record({ labels, value: fc.double() }), { maxLength: 3 }),
      }),
      fc.record({ type: fc.constant('gap' as const), code: fc.constantFrom('forbidden', 'timeout'), reason: word }),
    ),
  )
  .map(([of, one]): EvidencePiece => ({ ...one, ...of }));

it('reads back what was written, whatever a cluster put into it, gaps included', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), (pieces) => {
      const evidence: Evidence = { collectedAt: at, pieces };
      writeEvidence(evidence, directory);
      expect(readEvidence(directory)).toEqual(evidence);
    }),
    // The same inputs in each run.
    { numRuns: 100, seed: 1 },
  );
});

const pod: ObjectPiece = {
  type: 'object',
  role: 'resource',
  object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart-1' } },
  command: 'kubectl get pod cart-1 -o yaml',
  at,
};

it('reads back texts of blank lines, which a YAML block would change', () => {
  const texts = [' \n', '  \n\n', ' \t\n', '\n a', 'a\r\nb\r\n', '\r'];
  const evidence: Evidence = {
    collectedAt: at,
    pieces: [
      { ...pod, object: { kind: 'Pod', spec: { texts, byKey: Object.fromEntries(texts.map((one) => [one, one])) } } },
    ],
  };
  writeEvidence(evidence, directory);
  expect(readEvidence(directory)).toEqual(evidence);
});

/** Changes the entries of the index. */
async function editIndex(edit: (entry: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
  const file = path.join(directory, 'index.json');
  const entries: Record<string, unknown>[] = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify(entries.map(edit)));
}

it('refuses the evidence of an earlier version, which has no types', async () => {
  writeEvidence({ collectedAt: at, pieces: [pod] }, directory);
  await editIndex(({ file, command }) => ({ file, command, at }));
  expect(() => readEvidence(directory)).toThrow(/index\.json was written by an earlier version of Nightcrier/);
});

it('names the file that is damaged or missing', async () => {
  writeEvidence({ collectedAt: at, pieces: [pod] }, directory);
  const file = path.join(directory, '01-pod-cart-1.yaml');
  await writeFile(file, 'kind: [Pod');
  expect(() => readEvidence(directory)).toThrow(/01-pod-cart-1\.yaml is damaged: .*line 1/);
  await writeFile(file, '- no object');
  expect(() => readEvidence(directory)).toThrow(/01-pod-cart-1\.yaml is damaged: .*must be a Kubernetes object/);
  await rm(file);
  expect(() => readEvidence(directory)).toThrow(/01-pod-cart-1\.yaml cannot be read: ENOENT/);
});

it('reads no file outside of the directory', async () => {
  writeEvidence({ collectedAt: at, pieces: [pod] }, directory);
  await editIndex((entry) => ({ ...entry, file: '../../etc/passwd' }));
  expect(() => readEvidence(directory)).toThrow(/must be the name of a file of the evidence/);
});

it('refuses an index without evidence', () => {
  writeEvidence({ collectedAt: at, pieces: [] }, directory);
  expect(() => readEvidence(directory)).toThrow(RecordedEvidenceError);
});
