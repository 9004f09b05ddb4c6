import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Evidence, EvidencePiece } from './evidence.ts';
import type { EvidenceIndexEntry, PieceMetadata } from './evidence-index.ts';

/**
 * Writes one file per piece, and `index.json` about them, into a directory that is made if need be. `readEvidence` is the
 * inverse.
 */
export function writeEvidence(evidence: Evidence, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const index: EvidenceIndexEntry[] = [];
  for (const [position, piece] of evidence.pieces.entries()) {
    const { command, at } = piece;
    const recorded = { collected_at: evidence.collectedAt, piece: metadataOf(piece) };
    const content = contentOf(piece);
    if (piece.type === 'gap' || content === undefined) {
      index.push({ command, at, ...(piece.type === 'gap' && { error: piece.reason }), ...recorded });
      continue;
    }
    const file = `${String(position + 1).padStart(2, '0')}-${fileName(piece)}`;
    writeFileSync(path.join(directory, file), content);
    index.push({ file, command, at, ...recorded });
  }
  writeFileSync(path.join(directory, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
}

/** Returns what the content of the piece's file does not say. */
function metadataOf(piece: EvidencePiece): PieceMetadata {
  switch (piece.type) {
    case 'object':
      return { type: piece.type, role: piece.role };
    case 'events':
      return { type: piece.type, about: piece.about };
    case 'list':
      return { type: piece.type, kind: piece.kind, namespace: piece.namespace, truncated: piece.truncated };
    case 'alerts':
      return { type: piece.type };
    case 'metrics':
      return { type: piece.type, name: piece.name };
    case 'log': {
      const { type, namespace, pod, container, previous } = piece;
      return { type, namespace, pod, container, previous };
    }
    case 'existence': {
      const { type, kind, namespace, name, keys, changedBy } = piece;
      return { type, kind, namespace, name, keys, changed_by: changedBy };
    }
    case 'gap':
      return { type: piece.type, code: piece.code };
    default:
      return piece satisfies never;
  }
}

function contentOf(piece: EvidencePiece): string | undefined {
  switch (piece.type) {
    case 'object':
      return yaml(piece.object);
    case 'events':
      return yaml({ apiVersion: 'v1', kind: 'List', items: piece.events });
    case 'list':
      return yaml({ apiVersion: 'v1', kind: 'List', items: piece.objects });
    case 'alerts':
      return yaml(piece.alerts);
    case 'metrics':
      return yaml({ meaning: piece.meaning, query: piece.query, series: piece.series });
    case 'log':
      return piece.text;
    case 'existence':
      return piece.exists ? `configmap/${piece.name}\n` : `configmap ${piece.namespace}/${piece.name} does not exist\n`;
    case 'gap':
      return undefined;
    default:
      return piece satisfies never;
  }
}

function fileName(piece: Exclude<EvidencePiece, { type: 'gap' }>): string {
  switch (piece.type) {
    case 'object':
      return `${safe(piece.object.kind, piece.object.metadata?.name)}.yaml`;
    case 'events':
      return `${safe('events', piece.about.kind, piece.about.name)}.yaml`;
    case 'list':
      return `${safe('list', piece.kind, piece.namespace)}.yaml`;
    case 'alerts':
      return 'alerts.yaml';
    case 'metrics':
      return `${safe('metrics', piece.name)}.yaml`;
    case 'log':
      return `${safe('log', piece.pod, piece.container, piece.previous ? 'previous' : undefined)}.txt`;
    case 'existence':
      return `${safe('configmap', piece.name)}.txt`;
    default:
      return piece satisfies never;
  }
}

/** Names come from the cluster: no part of them may lead out of the directory. */
function safe(...words: (string | undefined)[]): string {
  const name = words.filter((word) => word !== undefined).join('-');
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '_')
    .slice(0, 150);
}

const STYLE = { lineWidth: 0, aliasDuplicateObjects: false } as const;
/** Texts of several lines in double quotes, on one line. */
const WITHOUT_BLOCKS = {
  ...STYLE,
  blockQuote: false,
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
} as const;
const BLOCK_WITH_BLANK_START = /[|>][-+\d]*\n[ \t]*\n/;

/** Returns text that parses to the same value. A block that begins with a blank line would lose the spaces of that line. */
function yaml(value: unknown): string {
  const text = stringify(value, STYLE);
  return BLOCK_WITH_BLANK_START.test(text) ? stringify(value, WITHOUT_BLOCKS) : text;
}
