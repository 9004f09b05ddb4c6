import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Evidence, EvidencePiece } from './evidence.ts';

/** A line of `index.json`: what a file holds and where it comes from, or what could not be read. */
export interface EvidenceIndexEntry {
  /** Missing when nothing could be read. */
  file?: string;
  command: string;
  at: string;
  error?: string;
}

/** Writes one file per piece, and `index.json` about them, into a directory that is made if need be. */
export function writeEvidence(evidence: Evidence, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const index: EvidenceIndexEntry[] = [];
  for (const [position, piece] of evidence.pieces.entries()) {
    const { command, at } = piece;
    const content = contentOf(piece);
    if (piece.type === 'gap' || content === undefined) {
      index.push({ command, at, ...(piece.type === 'gap' && { error: piece.reason }) });
      continue;
    }
    const file = `${String(position + 1).padStart(2, '0')}-${fileName(piece)}`;
    writeFileSync(path.join(directory, file), content);
    index.push({ file, command, at });
  }
  writeFileSync(path.join(directory, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
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

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
