import { performance } from 'node:perf_hooks';

/** Measures the stages of one run; some run concurrently. */
export class StageClock {
  readonly #began = performance.now();
  readonly #milliseconds: Record<string, number> = {};

  /** Waits for a stage and records its duration. */
  async time<Result>(stage: string, work: Promise<Result>): Promise<Result> {
    const began = performance.now();
    try {
      return await work;
    } finally {
      this.#milliseconds[stage] = rounded(performance.now() - began);
    }
  }

  /** Returns the duration of each stage, and `all` since this clock was created, in ms. */
  times(): Record<string, number> {
    return { ...this.#milliseconds, all: rounded(performance.now() - this.#began) };
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
