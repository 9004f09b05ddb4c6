import type { DetectionMemory } from '@nightcrier/cluster/detection/cluster-detection';
import type { Remembered } from '@nightcrier/cluster/detection/known-symptoms';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { Problem } from '@nightcrier/core/problems/problem';
import { symptomName } from '@nightcrier/core/problems/problem-key';
import { ALERT_FAMILIES } from '@nightcrier/core/problems/symptom-families';
import type { ProblemChange } from '@nightcrier/state/problems/problems';

export interface ProblemStoreOptions {
  /** Rejects while Redis is unreachable. */
  list: (cluster: string) => Promise<Problem[]>;
  /** Resolves to whether each change was written. Rejects while Redis is unreachable. */
  write: (changes: ProblemChange[]) => Promise<boolean[]>;
  /** Returns the fencing token of a cluster that this ingester holds. */
  tokenOf: (cluster: string) => number | undefined;
  logger: Logger;
}

const INTERVAL_MS = 1_000;
/** Problems of one cluster that wait to be written. While Redis is unreachable, later ones are written when they change again. */
const MOST_UNWRITTEN = 5_000;

/** Symptoms by name, of each problem of a cluster. */
type Unwritten = Map<string, Map<string, Remembered['symptom']>>;

/**
 * Stores what the detectors find. Writes at an interval, and only of clusters that this ingester holds: what waits is written
 * when the lease is taken, and dropped when another ingester has it.
 */
export class ProblemStore {
  readonly #options: ProblemStoreOptions;
  readonly #unwritten = new Map<string, Unwritten>();
  readonly #loop: BackgroundLoop;

  constructor(options: ProblemStoreOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(() => this.#write(), {
      interval: INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => this.#logFailure(error),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Writes what is unwritten and ends. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#write().catch((error: unknown) => this.#logFailure(error));
  }

  /** Returns the memory of the detector of one cluster. */
  memoryOf(cluster: string): DetectionMemory {
    return {
      load: async () => {
        const problems = await this.#options.list(cluster);
        // No object shows the symptoms of alerts, so a detector would clear them.
        const stored = problems.flatMap(({ key, symptoms }) =>
          symptoms.filter(({ family }) => !ALERT_FAMILIES.has(family)).map((symptom) => ({ problem: key, symptom })),
        );
        return this.#withUnwritten(cluster, stored);
      },
      save: (changed) => {
        for (const { problem, symptom } of changed) this.#note(cluster, problem)?.set(symptomName(symptom), symptom);
      },
      confirm: (problems) => {
        for (const problem of problems) this.#note(cluster, problem);
      },
    };
  }

  /** What waits to be written replaces what is stored. */
  #withUnwritten(cluster: string, stored: Remembered[]): Remembered[] {
    const problems = this.#unwritten.get(cluster);
    if (!problems) return stored;
    const isKept = ({ problem, symptom }: Remembered): boolean => !problems.get(problem)?.has(symptomName(symptom));
    const waiting = [...problems].flatMap(([problem, symptoms]) =>
      [...symptoms.values()].map((symptom) => ({ problem, symptom })),
    );
    return [...stored.filter(isKept), ...waiting];
  }

  #note(cluster: string, problem: string): Map<string, Remembered['symptom']> | undefined {
    const problems: Unwritten = this.#unwritten.get(cluster) ?? new Map();
    this.#unwritten.set(cluster, problems);
    const known = problems.get(problem);
    if (known || problems.size >= MOST_UNWRITTEN) return known;
    const symptoms = new Map<string, Remembered['symptom']>();
    problems.set(problem, symptoms);
    return symptoms;
  }

  /** Keeps what cannot be written, unless it has changed again. */
  async #write(): Promise<void> {
    const { write, tokenOf } = this.#options;
    const changes: ProblemChange[] = [];
    for (const [cluster, problems] of this.#unwritten) {
      const token = tokenOf(cluster);
      if (token === undefined) continue;
      this.#unwritten.delete(cluster);
      for (const [problem, symptoms] of problems) {
        changes.push({ cluster, token, problem, symptoms: [...symptoms.values()] });
      }
    }
    if (changes.length === 0) return;
    try {
      await write(changes);
    } catch (error) {
      for (const { cluster, problem, symptoms } of changes) {
        const waiting = this.#note(cluster, problem);
        for (const symptom of symptoms) {
          const name = symptomName(symptom);
          if (!waiting?.has(name)) waiting?.set(name, symptom);
        }
      }
      throw error;
    }
  }

  #logFailure(error: unknown): void {
    this.#options.logger.debug({ error: String(error) }, 'problems not written; retrying');
  }
}
