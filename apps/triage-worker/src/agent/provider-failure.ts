import type { AgentStream } from './stream/read-agent-stream.ts';

const LONGEST_REASON = 300;

/** Refused keys, exhausted quotas and credits, rate limits, and errors of the servers, in the CLIs' words where they give no status. */
const PROVIDER_STATUS = /^(?:401|402|403|429|5\d\d)$/;
const PROVIDER_WORDS =
  /(?:status|error|code)\W{0,8}(?:401|402|403|429|5\d\d)\b|\b(?:quota|rate.limit|high demand|overloaded|credit balance)\b/i;

/**
 * Why the provider of the model let the agent down, in the CLI's own words; undefined when the run ended in another way.
 * What a model says in its answers is no failure: only what the CLI says of its run counts.
 */
export function providerFailure({ failure }: AgentStream): string | undefined {
  if (failure === undefined) return undefined;
  const { message, status } = failure;
  const isProviders = status === undefined ? PROVIDER_WORDS.test(message) : PROVIDER_STATUS.test(String(status));
  return isProviders ? message.replaceAll(/\s+/g, ' ').slice(0, LONGEST_REASON) : undefined;
}
