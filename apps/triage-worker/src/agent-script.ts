/** A call of the agent script. */
export interface AgentScript {
  script: string;
  arguments: string[];
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  directory: string;
  /** Files that receive its output. */
  stdout: string;
  stderr: string;
  /** Milliseconds from `ready` until the script and its descendants are stopped. */
  timeout: number;
}

/** How the script ended; the fields are those of an execa result. */
export interface ScriptResult {
  exitCode?: number;
  /** The signal that ended the script, if one did. */
  signal?: string;
  /** It passed `timeout`. */
  timedOut: boolean;
  /** It was stopped by the abort. */
  isCanceled: boolean;
  /** Why it could not be started: ENOENT, EACCES, … */
  code?: string;
}

/** Runs agent scripts. */
export interface ScriptRunner {
  /**
   * Runs a script to its end. An abort stops it, first with SIGTERM.
   * @param ready the script gets a line on its stdin when this resolves, and is stopped when it rejects
   * @throws Error when the result is lost; ErrnoException when an output file cannot be opened
   */
  run(script: AgentScript, ready: Promise<unknown>, signal: AbortSignal): Promise<ScriptResult>;
}

/** How long an agent script may overrun, in seconds. */
export interface ScriptGrace {
  /** Past the agent's own deadline, which the script enforces; then it gets SIGTERM. */
  overrun: number;
  /** Between SIGTERM and SIGKILL; the script stops and removes its container in this time. */
  kill: number;
}
