import type { ScriptResult } from '../../agent-script.ts';

/** How the run of an agent ended, before its report is read. */
export type AgentExit =
  /** The agent exited by itself. `lastLine`: the last line of stderr, if any. */
  | { kind: 'exited'; code: number; lastLine: string }
  /** It passed its deadline. */
  | { kind: 'timed_out' }
  /** The container engine killed it: out of memory, or output directory full. `reason`: if the script knows it. */
  | { kind: 'killed'; reason: string }
  /** The container engine or the image is unavailable. */
  | { kind: 'unavailable'; reason: string }
  /** A signal from outside stopped the script. */
  | { kind: 'interrupted'; reason: string }
  /** The script cannot be run with this configuration. */
  | { kind: 'unusable'; reason: string };

/**
 * Maps the exit code of the agent script: its reserved codes, and any other as the agent's own.
 * @param lastLine the last line of its stderr
 */
export function readExit(script: string, result: Omit<ScriptResult, 'isCanceled'>, lastLine: string): AgentExit {
  const because = lastLine === '' ? '' : `: ${lastLine}`;
  if (result.timedOut) return { kind: 'timed_out' };
  if (result.signal !== undefined) {
    return { kind: 'interrupted', reason: `${script} was terminated by ${result.signal}` };
  }
  switch (result.exitCode) {
    case undefined:
      return {
        kind: 'unusable',
        reason: `${script} cannot be run (${result.code ?? 'unknown cause'}); set agent_script_path to an executable script`,
      };
    case 64:
      return { kind: 'unusable', reason: `${script} refused its arguments or environment${because}` };
    case 69:
      return { kind: 'unavailable', reason: `the container engine or the agent image is unavailable${because}` };
    case 124:
      return { kind: 'timed_out' };
    case 126:
    case 127:
      return { kind: 'unusable', reason: `a program that ${script} needs cannot be run${because}` };
    case 129:
    case 130:
    case 143:
      return { kind: 'interrupted', reason: `${script} was stopped by a signal (exit code ${result.exitCode})` };
    case 137:
      return { kind: 'killed', reason: lastLine.replace(/^run-agent\.sh: /, '') };
    default:
      return { kind: 'exited', code: result.exitCode, lastLine };
  }
}
