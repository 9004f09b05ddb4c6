import type { AgentExit } from '../../../agent-runtime.ts';

/** How a script ended; the fields are those of an execa result. */
export interface ScriptResult {
  exitCode?: number;
  /** The signal that ended the script, if one did. */
  signal?: string;
  /** It passed its deadline. */
  timedOut: boolean;
  /** Why it could not be started: ENOENT, EACCES, … */
  code?: string;
}

/**
 * Maps the exit code of an agent script: its reserved codes, and any other as the agent's own.
 * @param lastLine the last line of its stderr
 */
export function readExit(script: string, result: ScriptResult, lastLine: string): AgentExit {
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
