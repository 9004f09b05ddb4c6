import { setTimeout as sleep } from 'node:timers/promises';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { SpooledFault } from './spooled-fault.ts';

/** The decision about one fault; see `Admission` of the state package. Rejects while Redis is away. */
export type Admit = (event: ClusterEvent, incidentId: string) => Promise<AdmissionOutcome>;

export interface AdmissionWindowOptions {
  admit: Admit;
  onAnswered: (fault: SpooledFault, outcome: AdmissionOutcome) => void;
  /** The fault itself is what is wrong: asking again is of no use. */
  onDefect: (fault: SpooledFault, error: unknown) => void;
  /** Redis does not answer: what waits here may wait for long. */
  onStall: () => void;
  /** Something was answered. */
  onRoom: () => void;
  /** Longest wait between two attempts while Redis is away, ms. */
  longestRetry?: number;
}

/** Admissions in flight at once. More do not make Redis faster, and all of them may have to be sent again. */
const WIDTH = 200;
/** Without any answer for so long, Redis is taken to be away, ms. */
const PATIENCE_MS = 250;
const FIRST_RETRY_MS = 25;
const LONGEST_RETRY_MS = 1_000;

/**
 * Faults in memory on their way through admission, in order. Up to {@link WIDTH} are in flight; the others collect
 * meanwhile. When one fails, nothing new is sent: the window waits for all answers, puts what failed back in front, and
 * tries a single one, with growing pauses, until Redis answers again.
 */
export class AdmissionWindow {
  readonly #options: AdmissionWindowOptions;
  readonly #inFlight = new Set<SpooledFault>();
  readonly #closing = new AbortController();
  #queue: SpooledFault[] = [];
  #failed: SpooledFault[] = [];
  #stalled = false;
  #pausing = false;
  #retry = FIRST_RETRY_MS;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: AdmissionWindowOptions) {
    this.#options = options;
  }

  /** How many faults are not answered. */
  get size(): number {
    return this.#queue.length + this.#inFlight.size + this.#failed.length;
  }

  /** Whether Redis did not answer the last time. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** All faults that are not answered, in order. */
  faults(): SpooledFault[] {
    return [...this.#inFlight, ...this.#failed, ...this.#queue].toSorted((a, b) => a.position - b.position);
  }

  push(...faults: SpooledFault[]): void {
    for (const fault of faults) this.#queue.push(fault);
    this.#send();
  }

  /** Gives up at the next failure: whatever is not answered then stays in {@link faults}. */
  abort(): void {
    this.#closing.abort();
  }

  #send(): void {
    const width = this.#stalled ? 1 : WIDTH;
    while (!this.#pausing && this.#failed.length === 0 && this.#inFlight.size < width) {
      const fault = this.#queue.shift();
      if (!fault) return;
      void this.#admit(fault);
    }
  }

  async #admit(fault: SpooledFault): Promise<void> {
    const { admit, onAnswered, onDefect, onRoom } = this.#options;
    this.#inFlight.add(fault);
    this.#patience ??= setTimeout(() => this.#stall(), PATIENCE_MS);
    try {
      const outcome = await admit(fault.event, fault.incidentId);
      this.#inFlight.delete(fault);
      this.#flows();
      onAnswered(fault, outcome);
    } catch (error) {
      this.#inFlight.delete(fault);
      if (isDefect(error)) onDefect(fault, error);
      else this.#failed.push(fault);
    }
    if (this.#failed.length === 0) {
      this.#send();
      onRoom();
    } else if (this.#inFlight.size === 0) {
      await this.#startOver();
    }
  }

  #flows(): void {
    this.#stalled = false;
    this.#retry = FIRST_RETRY_MS;
    if (this.#inFlight.size > 0) {
      this.#patience?.refresh();
      return;
    }
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #stall(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    if (this.#stalled) return;
    this.#stalled = true;
    this.#options.onStall();
  }

  async #startOver(): Promise<void> {
    this.#pausing = true;
    this.#queue = this.faults();
    this.#failed = [];
    this.#stall();
    if (this.#closing.signal.aborted) return;
    await sleep(this.#retry, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    this.#retry = Math.min(this.#retry * 2, this.#options.longestRetry ?? LONGEST_RETRY_MS);
    this.#pausing = false;
    this.#send();
  }
}

function isDefect(error: unknown): boolean {
  return error instanceof RangeError || error instanceof TypeError;
}
