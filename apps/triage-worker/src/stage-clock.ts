import { performance } from 'node:perf_hooks';

/** Measures the stages of one run; some run concurrently. */
export class StageClock {
  readonly #began = performance.now();
  readonly #milliseconds: Record<string, number> = {};
  readonly #spans: { stage: string; start: number; end: number }[] = [];

  /** Waits for a stage and records its duration. */
  async time<Result>(stage: string, work: Promise<Result>): Promise<Result> {
    const began = performance.now();
    const start = Date.now();
    try {
      return await work;
    } finally {
      const taken = performance.now() - began;
      this.#milliseconds[stage] = rounded(taken);
      this.#spans.push({ stage, start, end: start + taken });
    }
  }

  /** Returns when each stage ran, in ms since the epoch. */
  spans(): readonly { stage: string; start: number; end: number }[] {
    return this.#spans;
  }

  /** Returns the duration of each stage, and `all` since this clock was created, in ms. */
  times(): Record<string, number> {
    return { ...this.#milliseconds, all: rounded(performance.now() - this.#began) };
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
