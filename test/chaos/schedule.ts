/** One Redis, or a master with a replica and sentinels. */
export type RedisSetup = 'single' | 'replicated';

/** What a chaos run can do to the system. Durations in ms. */
const ACTIONS = {
  /** SIGKILL; started again after the duration. */
  'kill ingester': { targets: ['ingester-1', 'ingester-2'], most: 4_000 },
  'kill worker': { targets: ['worker-1', 'worker-2'], most: 3_000 },
  'kill api': { targets: ['api'], most: 2_000 },
  /** SIGTERM; started again after the duration. */
  'stop ingester': { targets: ['ingester-1', 'ingester-2'], most: 3_000 },
  'stop worker': { targets: ['worker-1', 'worker-2'], most: 2_000 },
  /** SIGSTOP and SIGCONT. */
  'pause ingester': { targets: ['ingester-1', 'ingester-2'], most: 9_000 },
  'pause worker': { targets: ['worker-1', 'worker-2'], most: 6_000 },
  'kill redis': { targets: ['redis'], most: 4_000, redis: 'single' },
  'pause redis': { targets: ['redis'], most: 5_000, redis: 'single' },
  /** SIGKILL and the last bytes of the append-only file are lost. */
  'truncate redis': { targets: ['redis'], most: 1_000, redis: 'single' },
  /** All connections to Redis are reset. */
  'cut redis': { targets: ['redis'], most: 0, redis: 'single' },
  /** Present connections to Redis carry nothing any more, new ones work. */
  'drop redis': { targets: ['redis'], most: 0, redis: 'single' },
  /** The sentinels promote the replica, of a master that lives or was killed. */
  'promote redis': { targets: ['redis'], most: 0, redis: 'replicated' },
  'kill redis master': { targets: ['redis'], most: 3_000, redis: 'replicated' },
  /** A disk has no space for the duration: a spool, the workspaces, the append-only file. */
  'full disk': {
    targets: ['disk of ingester-1', 'disk of ingester-2', 'disk of workspaces', 'disk of redis'],
    most: 6_000,
  },
  /** Nothing on a disk can be opened for writing. */
  'unwritable disk': { targets: ['disk of ingester-1', 'disk of ingester-2', 'disk of workspaces'], most: 6_000 },
  'restart mcp': { targets: ['cluster-0', 'cluster-1', 'cluster-2'], most: 3_000 },
  'cut mcp': { targets: ['cluster-0', 'cluster-1', 'cluster-2'], most: 0 },
  /** Present connections to the MCP server carry nothing any more, new ones work. */
  'half-open mcp': { targets: ['cluster-0', 'cluster-1', 'cluster-2'], most: 0 },
  'cancel subscriptions': { targets: ['cluster-0', 'cluster-1', 'cluster-2'], most: 0 },
  /** Another label of the clusters, and SIGHUP. */
  reload: { targets: ['all'], most: 0 },
  /** A configuration with a mistake, and the former one again after the duration. */
  'bad reload': { targets: ['all'], most: 2_000 },
  /** SIGTERM or SIGKILL of the container engine; started again after the duration. */
  'restart engine': { targets: ['engine'], most: 4_000, engine: true },
  'kill engine': { targets: ['engine'], most: 4_000, engine: true },
} as const satisfies Record<
  string,
  { targets: readonly string[]; most: number; redis?: RedisSetup; /** Only with agents in containers. */ engine?: true }
>;
type ActionKind = keyof typeof ACTIONS;

export interface Action {
  /** Milliseconds since the start of the run. */
  at: number;
  kind: ActionKind;
  target: string;
  duration: number;
  /** Once it was carried out: the worker that was killed, as agents know it. */
  worker?: string;
}

/** Returns a sequence of numbers from 0 to 1 that the seed determines (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Pause between the starts of two actions, ms. */
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 4_000;

function redisNeededBy(kind: ActionKind): RedisSetup | undefined {
  const action = ACTIONS[kind];
  return 'redis' in action ? action.redis : undefined;
}

const KINDS = Object.keys(ACTIONS).filter((name): name is ActionKind => name in ACTIONS);

/** Returns the set-up of Redis in the run of a seed: every third one has sentinels. */
export function redisOf(seed: number): RedisSetup {
  return seed % 3 === 0 ? 'replicated' : 'single';
}

/** Returns what only one action happens to at a time: a Redis does not start on a full disk. */
export function laneOf(target: string): string {
  return target.endsWith('redis') ? 'redis' : target;
}

/**
 * Plans the actions of a run. The same seed, length and engine give the same plan. One action at a time for each target.
 * @param options.engine agents run in containers, and their engine fails too
 */
export function planActions(seed: number, length: number, { engine = false } = {}): Action[] {
  const setup = redisOf(seed);
  const kinds = KINDS.filter(
    (kind) =>
      (redisNeededBy(kind) === undefined || redisNeededBy(kind) === setup) && (engine || !('engine' in ACTIONS[kind])),
  );
  const random = randomFrom(seed);
  const busyUntil = new Map<string, number>();
  const plan: Action[] = [];
  let at = 0;
  for (;;) {
    at += SHORTEST_PAUSE + random() * (LONGEST_PAUSE - SHORTEST_PAUSE);
    if (at >= length) return plan;
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'reload';
    const { targets, most } = ACTIONS[kind];
    const target: string = targets[Math.floor(random() * targets.length)] ?? 'all';
    const duration = Math.round(most * (0.2 + 0.8 * random()));
    const isOfRedis = target.endsWith('redis');
    // Sentinels keep their state on the disk, too.
    if (isOfRedis && kind === 'full disk' && setup === 'replicated') continue;
    const busy = laneOf(target);
    if ((busyUntil.get(busy) ?? 0) > at || at + duration > length) continue;
    busyUntil.set(busy, at + duration + 1_000);
    plan.push({ at: Math.round(at), kind, target, duration });
  }
}
