import type { Logger } from '@nightcrier/core/logger';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Workspace } from '../workspace/workspace.ts';
import { quotedOutputs } from '../report/quoted-output.ts';
import { recordedText } from './recorded-text.ts';
import { unsupportedQuotes } from '../report/unsupported-quotes.ts';

/**
 * Compares what a report quotes with what was recorded, and notes in its summary what cannot be found. A report is never
 * refused for it, and a check that cannot be made is only logged. The built-in analyser quotes in words of its own, by rules,
 * and out of the evidence alone.
 */
export async function checkQuotes(
  outcome: TriageOutcome,
  workspace: Workspace,
  logger: Logger,
): Promise<TriageOutcome> {
  if (outcome.kind !== 'resolved' || outcome.agent === 'builtin') return outcome;
  try {
    const quotes = quotedOutputs(outcome.markdown);
    if (quotes.length === 0) return outcome;
    const recorded = await recordedText(workspace);
    if (recorded === undefined) {
      logger.warn({}, 'quotes of the report are not checked: too much was recorded');
      return outcome;
    }
    const unsupported = unsupportedQuotes(quotes, recorded);
    if (!unsupported) return outcome;
    logger.warn({ ...unsupported }, 'report quotes what was not recorded');
    return { ...outcome, report: { ...outcome.report, unsupported } };
  } catch (error) {
    logger.warn({ error }, 'quotes of the report could not be checked');
    return outcome;
  }
}
