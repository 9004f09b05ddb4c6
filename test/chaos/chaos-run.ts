import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ChaosSystem } from './chaos-system.ts';
import { account, type Account, type SentFault } from './ledger.ts';
import { plantedShown } from './planted.ts';
import { takeoversOf, type Takeovers, wasForgotten } from './takeovers.ts';
import { emitFaults } from './load.ts';
import { perform } from './perform.ts';
import { type Action, planActions, randomFrom, redisOf } from './schedule.ts';
import { Questions } from './questions.ts';
import { waitUntil } from './wait-until.ts';
import { heldIn, unrestOf, unwatchedClusters } from './unrest.ts';

export interface ChaosOptions {
  seed: number;
  /** Length of the part with failures. */
  minutes: number;
  /** Has the agents run in containers of an engine of its own, which fails too. */
  engine?: boolean;
  /** Of the processes. */
  logLevel?: string;
  /** Receives a line for each action. */
  progress: (text: string) => void;
}

export interface ChaosResult extends Account, Takeovers {
  seed: number;
  minutes: number;
  /** Number of actions by kind. */
  actions: Record<string, number>;
  /** Seconds from the last action until the system was at rest. */
  rest_s: number;
  /** Checks of books and agents while failures went on. */
  checks: number;
  /** Most agents that ran at once. */
  agents_most: number;
  /** Folder with the logs of the processes, where something was violated. */
  logs?: string;
}

const FIRST_CONNECT_MS = 60_000;
/** For all processes, one after another. */
const LONGEST_STOP_MS = 360_000;
const SHORTEST_REST_MS = 3_000;
/** A command may wait for Redis this long. */
const CHECK_PATIENCE_MS = 20_000;

/** Runs the system under load while the actions of a seed happen to it, lets it recover, and checks what it did. */
export async function runChaos({
  seed,
  minutes,
  engine = false,
  logLevel = 'info',
  progress,
}: ChaosOptions): Promise<ChaosResult> {
  const system = await ChaosSystem.start({
    replicated: redisOf(seed) === 'replicated',
    logLevel,
    ...(engine && { engine: { liveRestore: seed % 2 === 0 } }),
  });
  try {
    await waitUntil(async () => unrestOf(system), { progress, patience: FIRST_CONNECT_MS });
    const began = performance.now();
    const beganAt = Date.now();
    const now = (): number => Math.round(performance.now() - began);
    const ending = new AbortController();
    const sent: SentFault[] = [];
    const random = randomFrom(seed ^ 0x9e3779b9);
    const load = emitFaults(system, random, { sent, now, until: minutes * 60_000 }, ending.signal);
    const checking = checkInvariants(system, ending.signal);
    const actions = planActions(seed, minutes * 60_000, { engine });
    const { done, failed } = await perform(system, actions, { now, progress });
    await sleep(Math.max(0, minutes * 60_000 - now()));
    const end = now();
    // The load goes on until the clusters are watched again, so that it shows when they are.
    await sleep(SHORTEST_REST_MS);
    const restless = await waitUntil(async () => unwatchedClusters(system), { progress });
    ending.abort();
    await load;
    const { checks, off } = await checking;
    restless.push(...(await waitUntil(async () => unrestOf(system), { progress })));
    const rest_s = Math.round((now() - end) / 1000);

    const questions = new Questions();
    const [incidents, lost, booksOff, shown] = await Promise.all([
      questions.ask('the incidents', system.incidents(), []),
      questions.ask('the number of lost faults', system.lost(), 0),
      questions.ask('the books', system.booksOff(), []),
      questions.ask('the search for planted secrets', plantedShown(system), []),
    ]);
    const result = account(sent, incidents, done, lost);
    const runs = await system.agents.runs();
    const takeovers = takeoversOf(runs, done, beganAt);
    progress('stopping');
    const ends = await questions.ask('the stop of the processes', system.stop(), [], LONGEST_STOP_MS);
    const remaining = await questions.ask('the search for what remains', leftovers(system), []);
    const violations = [
      ...result.violations,
      ...takeovers.violations,
      ...off.map((problem) => `during the run: ${problem}`),
      ...booksOff.map((problem) => `books at the end: ${problem}`),
      ...failed,
      ...new Set(restless.map((reason) => `not at rest: ${reason}`)),
      ...(await system.agents.overlaps())
        .filter((id) => !wasForgotten(runs.get(id) ?? [], done, beganAt))
        .map((id) => `incident ${id} was investigated by two agents at once`),
      ...remaining,
      ...shown,
      ...questions.unanswered,
      ...ends,
      ...crashes(system),
    ];
    const kinds = Object.entries(Object.groupBy(done, ({ kind }) => kind)).map(([kind, all]) => [kind, all.length]);
    const figures = {
      seed,
      minutes,
      actions: Object.fromEntries(kinds),
      rest_s,
      checks,
      agents_most: system.agents.most,
    };
    return {
      ...result,
      ...takeovers,
      violations,
      ...figures,
      ...(violations.length > 0 && { logs: await keepLogs(system, done, beganAt) }),
    };
  } finally {
    await system.dispose();
  }
}

/** Checks books and agents again and again. A check that Redis does not answer is left out. */
async function checkInvariants(system: ChaosSystem, signal: AbortSignal): Promise<{ checks: number; off: string[] }> {
  const off = new Set<string>();
  let checks = 0;
  while (!signal.aborted) {
    const patience = sleep(CHECK_PATIENCE_MS, undefined, { ref: false });
    const books = Promise.race([system.booksOff(), patience]).catch(() => undefined);
    for (const excess of await system.agents.excess()) off.add(excess);
    const found = await books;
    if (found) checks += 1;
    for (const problem of found ?? []) off.add(`books: ${problem}`);
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
  return { checks, off: [...off] };
}

/** Returns what an orderly stop should have ended: agents, slots of clusters, jobs. */
async function leftovers(system: ChaosSystem): Promise<string[]> {
  const running = await system.agents.running();
  const remaining = running.length > 0 ? [`${running.length} agents run`] : [];
  const ofEngine = (await system.engine?.remaining()) ?? [];
  return [...remaining, ...ofEngine, ...(await heldIn(system))].map((what) => `${what} after the stop`);
}

/** Writes the logs of the processes, what happened to them, and the records of agents into a folder of their own, which remains. */
async function keepLogs(
  { processes, agents }: ChaosSystem,
  actions: readonly Action[],
  beganAt: number,
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-chaos-logs-'));
  for (const { name, log } of processes.values()) await writeFile(path.join(folder, `${name}.log`), log);
  const happened = actions
    .toSorted((one, other) => one.at - other.at)
    .map((action) => `${JSON.stringify({ time: new Date(beganAt + action.at).toISOString(), ...action })}\n`);
  await writeFile(path.join(folder, 'actions.log'), happened.join(''));
  const runs = [...(await agents.runs())].map(([incident, all]) => `${JSON.stringify({ incident, runs: all })}\n`);
  await writeFile(path.join(folder, 'agents.log'), runs.join(''));
  return folder;
}

function crashes(system: ChaosSystem): string[] {
  return [...system.processes.values()].flatMap(({ name, log }) =>
    [...log.matchAll(/^.*"process crashed".*$/gm)].map(([line]) => `${name} crashed: ${line.slice(0, 1_000)}`),
  );
}
