import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import type { AgentStream } from './stream/read-agent-stream.ts';

const LONGEST_REASON = 300;

/** Refused keys, exhausted quotas and credits, rate limits, and server errors; by text for CLIs that report no status. */
const PROVIDER_STATUS = /^(?:401|402|403|429|5\d\d)$/;
const PROVIDER_WORDS =
  /(?:status|error|code)\W{0,8}(?:401|402|403|429|5\d\d)\b|\b(?:quota|rate.limit|high demand|overloaded|credit balance)\b/i;

/**
 * Returns the error of the model's provider as the CLI reports it; undefined if there is none. Only the CLI's own report
 * counts, not the text of the model.
 */
export function providerFailure({ failure }: AgentStream): string | undefined {
  if (failure === undefined) return undefined;
  const { message, status } = failure;
  const isProviderError = status === undefined ? PROVIDER_WORDS.test(message) : PROVIDER_STATUS.test(String(status));
  return isProviderError
    ? startWithoutSecrets(message, 1_000).replaceAll(/\s+/g, ' ').slice(0, LONGEST_REASON)
    : undefined;
}
