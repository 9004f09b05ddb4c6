import type { Config } from '@nightcrier/core/settings/config';
import type { ProcessName } from '@nightcrier/core/settings/setting-meta';
import type { Refusal } from '@nightcrier/runtime/configuration/config-watcher';

/** The parts of a system. */
export type PartName = ProcessName;

/** Returns the parts that a configuration needs in the order in which they stop: intake first, health last. */
export function partsOf({ agent_cli, agent_fallback }: Config): PartName[] {
  const hasAgents = [agent_cli, ...agent_fallback].some((agent) => agent !== 'builtin');
  return ['ingester', 'triage-worker', ...(hasAgents ? (['gateway'] as const) : []), 'api'];
}

/** One running or starting part of the system. */
export interface Part {
  name: PartName;
  /** Resolves when it runs. Rejects if it cannot start. */
  started: Promise<void>;
  /** Resolves when it has ended by itself, with a description of how. Undefined: it ends with this process. */
  ended?: Promise<string>;
  /** At any time, also while it starts. Idempotent. */
  stop(): Promise<void>;
  /** Applies a changed configuration. Undefined: the part reads it itself. */
  apply?(config: Config): void;
  refuse?(refusal: Refusal): void;
  /** Passes a signal on to a part that is a process of its own. */
  signal?(signal: NodeJS.Signals): void;
}
