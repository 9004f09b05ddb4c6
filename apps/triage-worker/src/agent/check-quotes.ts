import type { Logger } from '@nightcrier/core/logger';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Workspace } from '../workspace/workspace.ts';
import { quotedOutputs } from '../report/quoted-output.ts';
import { recordedText } from './recorded-text.ts';
import { unsupportedQuotes } from '../report/unsupported-quotes.ts';

/**
 * Compares the quotes of a report with the recorded text, and adds unsupported quotes to its summary. They do not invalidate
 * the report, and a failed check is only logged. Reports of the built-in analyser are not checked: its rules quote the
 * evidence alone, in their own words.
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
      logger.warn({}, 'report quotes not checked; recorded text too long');
      return outcome;
    }
    const unsupported = unsupportedQuotes(quotes, recorded);
    if (!unsupported) return outcome;
    logger.warn({ ...unsupported }, 'report has unsupported quotes');
    return { ...outcome, report: { ...outcome.report, unsupported } };
  } catch (error) {
    logger.warn({ error }, 'report quotes not checked');
    return outcome;
  }
}
