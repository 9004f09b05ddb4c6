/** How the run of an agent ended, before its report is read. */
export type AgentExit =
  /** The agent exited by itself. `lastLine`: the last line of stderr, if any. */
  | { kind: 'exited'; code: number; lastLine: string }
  /** It passed its deadline. */
  | { kind: 'timed_out' }
  /** The container engine killed it, for instance out of memory. `reason`: empty if unknown. */
  | { kind: 'killed'; reason: string }
  /** The container engine or the image is unavailable. */
  | { kind: 'unavailable'; reason: string }
  /** A signal from outside stopped it. */
  | { kind: 'interrupted'; reason: string }
  /** It cannot be run with this configuration. */
  | { kind: 'unusable'; reason: string };
