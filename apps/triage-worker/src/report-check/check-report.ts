import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Claim } from '../claim.ts';
import { quotedOutputs } from '../report/quoted-output.ts';
import { namedResources } from '../report/named-resources.ts';
import { unsupportedQuotes } from '../report/unsupported-quotes.ts';
import type { TriageContext } from '../triage-context.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { recordedText } from './recorded-text.ts';
import { markUnverified, unverifiedResources } from './unverified-resources.ts';

/**
 * Compares the report of an agent with what was recorded: its quotes, and the objects that it names. What is not found is added to
 * the summary; objects also to the report, and they reduce its confidence. Neither invalidates the report, and a check that fails is
 * only logged. Reports of the built-in analyser are not checked: its rules quote the evidence alone, in their own words.
 */
export async function checkReport(
  outcome: TriageOutcome,
  workspace: Workspace,
  claim: Claim,
  context: TriageContext,
): Promise<TriageOutcome> {
  const { logger } = context;
  if (outcome.kind !== 'reported' || outcome.agent === 'builtin') return outcome;
  try {
    const quotes = quotedOutputs(outcome.markdown);
    const culprits = outcome.report.diagnosis?.hypotheses.map(({ culprit }) => culprit) ?? [];
    const named = [
      ...namedResources(outcome.markdown),
      ...culprits.map(({ kind, name, namespace }) => ({ kind, name, namespace })),
    ];
    if (quotes.length === 0 && named.length === 0) return outcome;
    const recorded = await recordedText(workspace);
    if (recorded === undefined) {
      logger.warn({}, 'report quotes not checked; recorded text too long');
      return outcome;
    }
    const unsupported = unsupportedQuotes(quotes, recorded.squeezed);
    if (unsupported) logger.warn({ ...unsupported }, 'report has unsupported quotes');
    const checked = unsupported ? { ...outcome, report: { ...outcome.report, unsupported } } : outcome;
    const unverified = await unverifiedResources(named, recorded.names, claim, context);
    if (unverified.length === 0) return checked;
    logger.warn({ unverified }, 'report names unknown objects');
    return markUnverified(checked, unverified);
  } catch (error) {
    logger.warn({ error }, 'report quotes not checked');
    return outcome;
  }
}
