import { redactText } from '@nightcrier/redaction/redact-text';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { Evidence, EvidencePiece, LogPiece } from './evidence.ts';

/**
 * The evidence as it is written down, analysed and shown to an agent. All objects are redacted at once: the rules take longer to
 * begin than to search. A log stays text, also where it looks like JSON.
 */
export async function redactEvidence({ collectedAt, pieces }: Evidence): Promise<Evidence> {
  const logs = pieces.filter((piece): piece is LogPiece => piece.type === 'log');
  const others = pieces.filter((piece): piece is Exclude<EvidencePiece, LogPiece> => piece.type !== 'log');
  const [texts, values] = await Promise.all([
    Promise.all(logs.map(async ({ text }) => redactText(text))),
    redactValue(others.map(contentOf)),
  ]);
  const redacted = new Map<EvidencePiece, EvidencePiece>([
    ...logs.map((log, index): [EvidencePiece, EvidencePiece] => [log, { ...log, text: texts[index] ?? '' }]),
    ...others.map((piece, index): [EvidencePiece, EvidencePiece] => [piece, { ...piece, ...values[index] }]),
  ]);
  return { collectedAt, pieces: pieces.map((piece) => redacted.get(piece) ?? piece) };
}

/** What of a piece comes from the cluster. Its command stays as it is: names are no secrets. */
function contentOf(piece: Exclude<EvidencePiece, LogPiece>): object {
  switch (piece.type) {
    case 'object':
      return { object: piece.object };
    case 'list':
      return { objects: piece.objects };
    case 'events':
      return { events: piece.events };
    case 'alerts':
      return { alerts: piece.alerts };
    case 'metrics':
      return { series: piece.series };
    case 'gap':
      return { reason: piece.reason };
    case 'existence':
      return {};
    default:
      return piece satisfies never;
  }
}
