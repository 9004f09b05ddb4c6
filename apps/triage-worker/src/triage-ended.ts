import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';

/** Thrown by a stage that decides the outcome of the run; `triage` returns it. */
export class TriageEnded extends Error {
  override readonly name = 'TriageEnded';
  readonly outcome: TriageOutcome;

  constructor(outcome: Extract<TriageOutcome, { reason: string }>, options?: ErrorOptions) {
    super(outcome.reason, options);
    this.outcome = outcome;
  }
}
