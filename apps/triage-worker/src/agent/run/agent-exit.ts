/** How the run of an agent ended, before anyone looked at its report. */
export type AgentExit =
  /** It ended by itself. `lastWords`: the last line it wrote to stderr, if any. */
  | { kind: 'exited'; code: number; lastWords: string }
  /** It passed its deadline. */
  | { kind: 'timed_out' }
  /** The container engine killed it: it was out of memory, or filled its output directory. `reason`, where the script knows it. */
  | { kind: 'killed'; reason: string }
  /** The container engine or the image is not there at present. */
  | { kind: 'unavailable'; reason: string }
  /** Something on this machine ended the script from outside. */
  | { kind: 'interrupted'; reason: string }
  /** The script cannot be run as things are configured. */
  | { kind: 'unusable'; reason: string };

/** What the script reported; the fields are those of an execa result. */
export interface ScriptResult {
  exitCode?: number;
  /** The signal that ended the script, where one did. */
  signal?: string;
  /** It ran into the outer deadline. */
  timedOut: boolean;
  /** Why it could not be started: ENOENT, EACCES, … */
  code?: string;
}

/**
 * Reads the exit codes of the agent script: those that it keeps for itself, and any other as the agent's own.
 * @param lastWords the last line of its stderr
 */
export function readExit(script: string, result: ScriptResult, lastWords: string): AgentExit {
  const because = lastWords === '' ? '' : `: ${lastWords}`;
  if (result.timedOut) return { kind: 'timed_out' };
  if (result.signal !== undefined) {
    return { kind: 'interrupted', reason: `${script} was ended from outside by ${result.signal}` };
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
      return { kind: 'interrupted', reason: `${script} was told to stop from outside (exit code ${result.exitCode})` };
    case 137:
      return { kind: 'killed', reason: lastWords.replace(/^run-agent\.sh: /, '') };
    default:
      return { kind: 'exited', code: result.exitCode, lastWords };
  }
}
