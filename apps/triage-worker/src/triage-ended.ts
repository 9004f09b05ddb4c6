import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';

/** Thrown by a stage of triage that has decided how the run ends; `triage` returns the outcome. */
export class TriageEnded extends Error {
  override readonly name = 'TriageEnded';
  readonly outcome: TriageOutcome;

  constructor(outcome: Exclude<TriageOutcome, { kind: 'resolved' }>, options?: ErrorOptions) {
    super(outcome.reason, options);
    this.outcome = outcome;
  }
}
