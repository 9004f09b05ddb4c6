import { performance } from 'node:perf_hooks';

/** Takes the time of the stages of one run; some run beside each other. */
export class StageClock {
  readonly #began = performance.now();
  readonly #milliseconds: Record<string, number> = {};

  /** Waits for a stage, and notes how long it took. */
  async time<Result>(stage: string, work: Promise<Result>): Promise<Result> {
    const began = performance.now();
    try {
      return await work;
    } finally {
      this.#milliseconds[stage] = rounded(performance.now() - began);
    }
  }

  /** How long each stage took, and all since this clock was made, in ms. */
  times(): Record<string, number> {
    return { ...this.#milliseconds, all: rounded(performance.now() - this.#began) };
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
