import type { Verdict } from './judge.ts';

/** From here on an answer counts as printed with confidence, percent. */
const CONFIDENT = 80;
/** Lower bounds of the ranges of confidence, percent. */
const RANGES = [50, 60, 70, 80, 90] as const;

interface Answer {
  verdict: Verdict;
  /** Percent. */
  confidence: number;
}

/** Answers of one range of confidence. */
interface CalibrationRange {
  /** Percent. */
  from: number;
  answers: number;
  /** Share of the answers. */
  right: number;
}

/** How well the printed confidence holds. Shares are between 0 and 1. */
interface Calibration {
  /** Of all cases, those printed with confidence and not right. */
  wrong_confident: number;
  /** Of the answers printed with confidence, those that are right. */
  confident_right: number;
  /** Of the right answers, those printed with confidence. */
  right_confident: number;
  ranges: CalibrationRange[];
}

/** Compares the printed confidence of answers with their verdicts. */
export function calibrationOf(answers: readonly Answer[]): Calibration {
  const given = answers.filter(({ verdict }) => verdict !== 'undetermined' && verdict !== 'not_detected');
  const confident = given.filter(({ confidence }) => confidence >= CONFIDENT);
  const right = answers.filter(({ verdict }) => verdict === 'right');
  const isRight = ({ verdict }: Answer) => verdict === 'right';
  return {
    wrong_confident: share(confident.filter((answer) => !isRight(answer)).length, answers.length),
    confident_right: share(confident.filter(isRight).length, confident.length),
    right_confident: share(right.filter(({ confidence }) => confidence >= CONFIDENT).length, right.length),
    ranges: RANGES.map((from, index) => {
      const until = RANGES[index + 1] ?? 101;
      const inRange = given.filter(({ confidence }) => confidence >= from && confidence < until);
      return { from, answers: inRange.length, right: share(inRange.filter(isRight).length, inRange.length) };
    }),
  };
}

function share(part: number, of: number): number {
  return of === 0 ? 0 : Math.round((1_000 * part) / of) / 1_000;
}
