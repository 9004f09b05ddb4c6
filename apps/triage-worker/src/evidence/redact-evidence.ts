import { redactText } from '@nightcrier/redaction/redact-text';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { Evidence } from './evidence.ts';

/** The evidence as it is written down, analysed and shown to an agent. */
export async function redactEvidence({ collectedAt, pieces }: Evidence): Promise<Evidence> {
  const redacted = pieces.map(async (piece) => {
    switch (piece.type) {
      case 'object':
        return { ...piece, object: await redactValue(piece.object) };
      case 'list':
        return { ...piece, objects: await redactValue(piece.objects) };
      case 'alerts':
        return { ...piece, alerts: await redactValue(piece.alerts) };
      case 'events':
        return { ...piece, events: await redactValue(piece.events) };
      case 'log':
        return { ...piece, text: await redactText(piece.text) };
      case 'gap':
        return { ...piece, reason: await redactText(piece.reason) };
      case 'existence':
        return piece;
      default:
        return piece satisfies never;
    }
  });
  return { collectedAt, pieces: await Promise.all(redacted) };
}
