import type { LogPiece } from '../../evidence/evidence.ts';
import type { Quote } from '../diagnosis.ts';

/** The last lines of a log. */
export function quoteLogEnd(log: LogPiece | undefined, lines = 10): Quote[] {
  const text = log?.text.trimEnd().split('\n').slice(-lines).join('\n');
  return log && text ? [{ command: log.command, text }] : [];
}
