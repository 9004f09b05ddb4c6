import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_ANSWER_MS = 120_000;
const SILENCE = Symbol('silence');

/** What is asked of the system at the end. Redis may not answer, for which commands wait without end. */
export class Questions {
  /** What was not answered, or failed. */
  readonly unanswered: string[] = [];

  /** Returns the answer, or `otherwise`. */
  async ask<Answer>(
    what: string,
    answer: Promise<Answer>,
    otherwise: Answer,
    longest = LONGEST_ANSWER_MS,
  ): Promise<Answer> {
    try {
      const silence = sleep(longest, SILENCE, { ref: false });
      const first = await Promise.race([answer, silence]);
      if (first !== SILENCE) return first;
      this.unanswered.push(`${what}: no answer within ${longest / 1000} s`);
    } catch (error) {
      this.unanswered.push(`${what}: ${String(error)}`);
    }
    return otherwise;
  }
}
