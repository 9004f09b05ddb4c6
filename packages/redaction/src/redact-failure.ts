import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import { redactText } from './redact-text.ts';

/** Redacts the texts of a failure that come from outside the system. */
export async function redactFailure(failure: AgentFailure): Promise<AgentFailure> {
  const redacted = 'reason' in failure ? { ...failure, reason: await redactText(failure.reason) } : failure;
  if (redacted.kind !== 'no_report' || redacted.stderr === undefined) return redacted;
  return { ...redacted, stderr: await redactText(redacted.stderr) };
}
