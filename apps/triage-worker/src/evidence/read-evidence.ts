import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Alert, Evidence, EvidencePiece, MetricsPiece } from './evidence.ts';
import { EvidenceIndexEntry } from './evidence-index.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

const INDEX_FILE = 'index.json';

/** Recorded evidence that cannot be read back. The message names the file, and what to do. */
export class RecordedEvidenceError extends Error {
  override readonly name = 'RecordedEvidenceError';
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const ObjectContent = z.custom<KubernetesObject>(isObject, 'must be a Kubernetes object');
const ListContent = z.object({ items: z.array(ObjectContent) });
const Labels = z.record(z.string(), z.string());
const AlertsContent: z.ZodType<Alert[]> = z.array(
  z.object({ labels: Labels, annotations: Labels, startsAt: z.string() }),
);
const MetricsContent: z.ZodType<Pick<MetricsPiece, 'meaning' | 'query' | 'series'>> = z.object({
  meaning: z.string(),
  query: z.string(),
  // NaN and the infinities are values of Prometheus.
  series: z.array(z.object({ labels: Labels, value: z.custom<number>((value) => typeof value === 'number') })),
});

/**
 * Reads the evidence that `writeEvidence` wrote into a directory.
 * @throws RecordedEvidenceError when files are missing or damaged, or an earlier version wrote them
 */
export function readEvidence(directory: string): Evidence {
  const index = readIndex(path.join(directory, INDEX_FILE));
  const [first] = index;
  if (first === undefined)
    throw new RecordedEvidenceError(`${path.join(directory, INDEX_FILE)} lists no evidence: none was collected`);
  return { collectedAt: first.collected_at, pieces: index.map((entry) => readPiece(entry, directory)) };
}

function readIndex(file: string): EvidenceIndexEntry[] {
  const entries = check(file, z.array(z.looseObject({})), JSON.parse, readText(file));
  if (entries.some((entry) => !('piece' in entry))) {
    throw new RecordedEvidenceError(
      `${file} was written by an earlier version of Nightcrier, without the type of each piece of evidence; only incidents that this version investigated can be replayed`,
    );
  }
  return check(file, z.array(EvidenceIndexEntry), (value: unknown) => value, entries);
}

function readPiece({ file, command, at, error, piece }: EvidenceIndexEntry, directory: string): EvidencePiece {
  const provenance = { command, at };
  if (piece.type === 'gap') return { ...piece, reason: error ?? '', ...provenance };
  if (file === undefined)
    throw new RecordedEvidenceError(`${path.join(directory, INDEX_FILE)} names no file for ${JSON.stringify(command)}`);
  const source = path.join(directory, file);
  const text = readText(source);
  const content = <Content>(shape: z.ZodType<Content>): Content => check(source, shape, parse, text);
  switch (piece.type) {
    case 'object':
      return { ...piece, object: content(ObjectContent), ...provenance };
    case 'events':
      return { type: 'events', about: withNamespace(piece.about), events: content(ListContent).items, ...provenance };
    case 'list':
      return { ...withNamespace(piece), objects: content(ListContent).items, ...provenance };
    case 'alerts':
      return { ...piece, alerts: content(AlertsContent), ...provenance };
    case 'metrics':
      return { ...piece, ...content(MetricsContent), ...provenance };
    case 'log':
      return { ...piece, text, ...provenance };
    case 'existence': {
      const { keys, changed_by: changedBy, ...rest } = piece;
      const exists = text.startsWith('configmap/');
      return { ...rest, exists, ...(keys && { keys }), ...(changedBy && { changedBy }), ...provenance };
    }
    default:
      return piece satisfies never;
  }
}

/** Returns the value without a namespace that is undefined. */
function withNamespace<T extends { namespace?: string | undefined }>({
  namespace,
  ...rest
}: T): Omit<T, 'namespace'> & { namespace?: string } {
  return { ...rest, ...(namespace !== undefined && { namespace }) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RecordedEvidenceError(`the recorded evidence ${file} cannot be read: ${why}`, { cause });
  }
}

function check<Input, Content>(
  file: string,
  shape: z.ZodType<Content>,
  parseText: (input: Input) => unknown,
  input: Input,
): Content {
  try {
    return shape.parse(parseText(input));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new RecordedEvidenceError(`the recorded evidence ${file} is damaged: ${why}`, { cause });
  }
}
