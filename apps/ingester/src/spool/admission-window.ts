import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '@nightcrier/core/async/backoff';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { Logger } from '@nightcrier/core/logger';
import type { SpooledFault } from './spooled-fault.ts';
import { isStalled, nextWindowState, type WindowState } from './window-state.ts';

/** Decides about one fault; see `Admission` of the state package. Rejects while Redis is unreachable. */
export type Admit = (event: ClusterEvent, incidentId: string) => Promise<AdmissionOutcome>;

export interface AdmissionWindowOptions {
  admit: Admit;
  onAnswered: (fault: SpooledFault, outcome: AdmissionOutcome) => void;
  /** The fault itself is invalid: a retry would fail too. */
  onDefect: (fault: SpooledFault, error: unknown) => void;
  /** Redis does not answer: what is in the window may stay there for long. */
  onStall: () => void;
  /** There may be room for more faults. */
  onRoom: () => void;
  /** Without any answer for this long, Redis counts as unreachable, ms. */
  patience?: number;
  /** Longest wait between two attempts while Redis is unreachable, ms. */
  longestRetry?: number;
  /** 0 ≤ x < 1 */
  random?: () => number;
  logger: Logger;
}

/** Admissions in flight at once. More do not make Redis faster, and all of them may have to be sent again. */
export const WINDOW_WIDTH = 200;
const PATIENCE_MS = 250;
const FIRST_RETRY_MS = 25;
const LONGEST_RETRY_MS = 1_000;

/**
 * Faults in memory that are being admitted, in order. Up to {@link WINDOW_WIDTH} are in flight, the others are queued.
 * When one fails, nothing new is sent: the window waits until all in flight have ended, puts what failed back in front,
 * and tries a single one, with growing pauses, until Redis answers again. {@link WindowState} has the states.
 */
export class AdmissionWindow {
  readonly #options: AdmissionWindowOptions;
  readonly #inFlight = new Set<SpooledFault>();
  readonly #closing = new AbortController();
  #state: WindowState = 'flowing';
  #queue: SpooledFault[] = [];
  #failed: SpooledFault[] = [];
  /** Attempts in a row that failed. */
  #failures = 0;
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
    return isStalled(this.#state);
  }

  /** Returns all faults that are not answered, in order. */
  faults(): SpooledFault[] {
    return [...this.#inFlight, ...this.#failed, ...this.#queue].toSorted((a, b) => a.position - b.position);
  }

  /** Removes those of the faults that have not been sent since Redis became unreachable, and returns them. */
  discard(faults: readonly SpooledFault[]): SpooledFault[] {
    const unwanted = new Set(faults);
    const [discarded, kept] = [
      this.#queue.filter((fault) => unwanted.has(fault)),
      this.#queue.filter((fault) => !unwanted.has(fault)),
    ];
    this.#queue = kept;
    return discarded;
  }

  push(...faults: SpooledFault[]): void {
    for (const fault of faults) this.#queue.push(fault);
    this.#send();
  }

  /** Ends the window at its next failure; what is not answered then stays in {@link faults}. */
  abort(): void {
    this.#closing.abort();
  }

  get #width(): number {
    switch (this.#state) {
      case 'flowing':
        return WINDOW_WIDTH;
      case 'probing':
        return 1;
      default:
        return 0;
    }
  }

  #send(): void {
    while (this.#inFlight.size < this.#width) {
      const fault = this.#queue.shift();
      if (!fault) return;
      void this.#admit(fault);
    }
  }

  async #admit(fault: SpooledFault): Promise<void> {
    const { admit, onAnswered, onDefect, onRoom } = this.#options;
    this.#inFlight.add(fault);
    if (!this.#patience) this.#expectAnswer();
    try {
      const outcome = await admit(fault.event, fault.incidentId);
      this.#inFlight.delete(fault);
      this.#answered();
      onAnswered(fault, outcome);
    } catch (error) {
      this.#inFlight.delete(fault);
      if (isDefect(error)) onDefect(fault, error);
      else this.#fail(fault);
    }
    if (this.#failed.length > 0) {
      if (this.#inFlight.size === 0) await this.#startOver();
      return;
    }
    if (this.#state === 'stalled' && this.#inFlight.size === 0) this.#move('probing');
    this.#send();
    onRoom();
  }

  #answered(): void {
    this.#failures = 0;
    this.#expectAnswer();
    if (this.#state === 'probing') this.#move('flowing');
    else if (this.#state === 'stalled') this.#move(this.#failed.length > 0 ? 'draining' : 'flowing');
  }

  #fail(fault: SpooledFault): void {
    this.#failed.push(fault);
    if (this.#state === 'flowing') this.#move('draining');
  }

  /** Limits the time until the next answer, if there is one to come. */
  #expectAnswer(): void {
    const { patience = PATIENCE_MS } = this.#options;
    clearTimeout(this.#patience);
    this.#patience = this.#inFlight.size > 0 ? setTimeout(() => this.#loseContact(), patience) : undefined;
  }

  #loseContact(): void {
    this.#patience = undefined;
    if (!this.stalled) this.#move('stalled');
  }

  async #startOver(): Promise<void> {
    const { longestRetry = LONGEST_RETRY_MS, random = Math.random } = this.#options;
    const { signal } = this.#closing;
    this.#queue = this.faults();
    this.#failed = [];
    this.#failures += 1;
    this.#expectAnswer();
    this.#move(signal.aborted ? 'ended' : 'pausing');
    if (signal.aborted) return;
    const wait = backoff(this.#failures, { initial: FIRST_RETRY_MS, max: longestRetry }, random());
    await sleep(wait, undefined, { signal }).catch(() => undefined);
    this.#move('probing');
    this.#send();
  }

  /** The only writer of the state. */
  #move(next: WindowState): void {
    const from = this.#state;
    this.#state = nextWindowState(from, next);
    this.#options.logger.debug({ from, state: next, unanswered: this.size }, 'admission window changed');
    if (isStalled(next) && !isStalled(from)) this.#options.onStall();
  }
}

function isDefect(error: unknown): boolean {
  return error instanceof RangeError || error instanceof TypeError;
}
