import type { Incident } from '@nightcrier/core/incident';
import type { Evidence } from '../evidence/evidence.ts';
import { redactText } from './redact-text.ts';
import { redactValue } from './redact-value.ts';

/** The evidence as it is written down, analysed and shown to an agent. */
export async function redactEvidence({ collectedAt, pieces }: Evidence): Promise<Evidence> {
  const redacted = pieces.map(async (piece) => {
    switch (piece.type) {
      case 'object':
        return { ...piece, object: await redactValue(piece.object) };
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

/** The incident with what its cluster says in words redacted. */
export async function redactIncident(incident: Incident): Promise<Incident> {
  const { cluster_event } = incident;
  const { event } = cluster_event;
  if (event.context === undefined) return incident;
  const context = await redactText(event.context);
  return { ...incident, cluster_event: { ...cluster_event, event: { ...event, context } } };
}
