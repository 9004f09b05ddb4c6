import { z } from 'zod';

const agent = z.string();
/** Text from outside the system: of the agent, its CLI, its script or the container engine. */
const reason = z.string();

/** Why an agent gave no report on an incident. The list is closed. */
export const AgentFailure = z.discriminatedUnion('kind', [
  /** It exited without a valid report. `reason`: what is wrong with the report; `stderr`: the last line. */
  z.object({ kind: z.literal('no_report'), agent, exit_code: z.int(), stderr: z.string().optional(), reason }),
  z.object({ kind: z.literal('timed_out'), agent, timeout_seconds: z.number() }),
  /** The container engine or another process killed its container. */
  z.object({ kind: z.literal('killed'), agent, reason }),
  /** The provider of the model refused or failed. */
  z.object({ kind: z.literal('provider_failed'), agent, reason }),
  /** Its requests to the model would have exceeded a budget (`reason`, such as `usd per day`). */
  z.object({ kind: z.literal('budget_exhausted'), agent, reason }),
  /** The container engine, the image or the gateway is unavailable. */
  z.object({ kind: z.literal('unavailable'), agent, reason }),
  /** A signal from outside stopped its script. */
  z.object({ kind: z.literal('interrupted'), agent, reason }),
  /** It cannot run with this configuration. */
  z.object({ kind: z.literal('unusable'), agent, reason }),
  /** It was not started: the breaker is open after `failures` failures in a row. `reason`: the last one. */
  z.object({ kind: z.literal('degraded'), agent, failures: z.int(), reason }),
  /** It was not started: the incident's attempts are used up. `reason`: why the last one failed. */
  z.object({ kind: z.literal('attempts_exhausted'), agent, attempts: z.int(), reason }),
  /** It was not started: the adopted run is another agent's. */
  z.object({ kind: z.literal('not_run'), agent, adopted: z.string() }),
]);
export type AgentFailure = z.infer<typeof AgentFailure>;

/** Describes a failure for people, naming the agent. */
export function describeFailure(failure: AgentFailure): string {
  switch (failure.kind) {
    case 'no_report': {
      const { exit_code: code, stderr } = failure;
      const exit =
        code === 0 ? '' : ` exited with code ${code}${stderr === undefined ? '' : ` (stderr: ${stderr})`} and`;
      return `${failure.agent}${exit} left no valid report: ${failure.reason}`;
    }
    case 'timed_out':
      return `${failure.agent} timed out after ${failure.timeout_seconds} s`;
    case 'killed':
      return `${failure.agent} was killed: ${failure.reason}`;
    case 'budget_exhausted':
      return `${failure.agent} has used up its budget: ${failure.reason}`;
    case 'provider_failed':
    case 'unavailable':
    case 'interrupted':
    case 'unusable':
      return `${failure.agent}: ${failure.reason}`;
    case 'degraded': {
      const { agent: name, failures } = failure;
      return `${name} is degraded after ${count(failures, 'failure')}, the last one: ${failure.reason}`;
    }
    case 'attempts_exhausted':
      return `gave up after ${count(failure.attempts, 'attempt')}: ${failure.reason}`;
    case 'not_run':
      return `${failure.agent} was not run: the adopted run is by ${failure.adopted}`;
    default:
      return failure satisfies never;
  }
}

/** Describes the failures of an investigation in their order; undefined when there are none. */
export function describeFailures(failures: readonly AgentFailure[]): string | undefined {
  return failures.length === 0 ? undefined : failures.map(describeFailure).join('; ');
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
