import { knownFailure } from './known-failures.ts';
import { oneLine } from '../safe-text.ts';

/** What an application says of its own end. */
export interface LogCause {
  /** The line that says it. */
  line: string;
  /** The lines around it, as they were written. */
  excerpt: string;
  /** In words, where the line is of a known sort. */
  meaning?: string;
  /** What to do about it, where the line is of a known sort. */
  advice?: string;
  /** Whether the line itself claims an error; otherwise it is merely the last one. */
  explicit: boolean;
}

const LINES_LOOKED_AT = 120;
const LINE_LENGTH = 1000;
const CONTEXT_LINES = 6;
/** A known failure this close to the end-all line is its cause; further away it is another story. */
const NEARBY_LINES = 5;

const GRAVE =
  /\b(fatal|panic|panicked|critical|emerg(ency)?|unhandled|uncaught|traceback|segmentation fault)\b|^\s*(Caused by|[\w.$]*(Error|Exception)):?\b/i;
const ERROR = /\b(error|err|failed|failure|cannot|can't|could not|unable to|exception|refused|denied)\b/i;
const HARMLESS = /\b(0|no|without|zero) (errors?|failures?)\b|\berrors?["']?\s*[=:]\s*["']?(0|false|null|none|nil)\b/i;
const MILD_LEVEL =
  /^(\S+\s+){0,3}\W{0,2}(INFO|DEBUG|TRACE|NOTICE)\b|"(level|severity)"\s*:\s*"(info|debug|trace|notice)"|\blevel=(info|debug|trace)\b/i;

/**
 * What the end of a log says about why the application ended: the last line that names a known sort of failure (near
 * the last grave line, if there is one), else the last grave line, else the last that claims an error, else the last. Pure text matching: whoever writes the log can mislead it,
 * which is why the line is always quoted.
 */
export function findLogCause(log: string): LogCause | undefined {
  const lines = linesOf(log).slice(-LINES_LOOKED_AT);
  const troubled = lines
    .map((line, index) => ({ line, index, weight: weigh(line) }))
    .filter(({ weight }) => weight > 0);
  const grave = troubled.findLast(({ weight }) => weight === 2);
  const known = troubled.findLast(
    ({ line, index }) =>
      knownFailure(line) !== undefined && (grave === undefined || Math.abs(grave.index - index) <= NEARBY_LINES),
  );
  const chosen = known ?? grave ?? troubled.at(-1);
  const index = chosen?.index ?? lines.length - 1;
  const line = lines[index];
  if (line === undefined) return undefined;
  const failure = chosen && knownFailure(line);
  return {
    line: oneLine(line),
    excerpt: lines.slice(Math.max(0, index - CONTEXT_LINES), index + 1 + CONTEXT_LINES).join('\n'),
    ...(failure && { meaning: failure.meaning, advice: failure.advice }),
    explicit: chosen !== undefined,
  };
}

/** The first line that claims an error: where a run of errors that follow from each other began. */
export function firstComplaint(log: string): string | undefined {
  return linesOf(log).find((line) => weigh(line) > 0 && !/\bwarn(ing)?\b/i.test(line));
}

/** The lines that are not empty; their length is bounded, because patterns are slow on what never ends. */
function linesOf(log: string): string[] {
  return log
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => line.slice(0, LINE_LENGTH));
}

/** 2: the line claims a grave error; 1: an error; 0: none. */
function weigh(line: string): number {
  if (HARMLESS.test(line) || MILD_LEVEL.test(line)) return 0;
  if (GRAVE.test(line)) return 2;
  return ERROR.test(line) || knownFailure(line) !== undefined ? 1 : 0;
}
