import { oneLine } from '../safe-text.ts';
import { messageOf } from './message-of.ts';
import type { KnownFailure } from './known-failure.ts';
import { knownFailure } from './known-failures.ts';

/** What an application says of its own end. */
export interface LogCause {
  /** The line that says it. */
  line: string;
  /** What the line says without time, level and other fields, for a heading. */
  short: string;
  /** The lines around it, as they were written. */
  excerpt: string;
  failure?: KnownFailure;
  /** Whether the line itself claims an error; otherwise it is merely the last one. */
  explicit: boolean;
}

const LINES_READ = 220;
const LINE_LENGTH = 1_500;
const CONTEXT_LINES = 4;

const GRAVE =
  /\b(fatal|panic|panicked|emerg(ency)?|unhandled|uncaught|traceback|segmentation fault|aborting|terminating due)\b|"(level|severity)"\s*:\s*"(fatal|critical|panic)"|\blevel=(fatal|panic|critical)\b|^\s*Caused by:|^(?:[a-z_]\w*\.)*[A-Z]\w*(Error|Exception)\b|^\s*[\w$./ ]{0,60}Error:|^[a-z_]\w{0,60}(?:\.\w{1,60}){1,8}: |\((?:\w{1,40}::)?\w{1,60}(?:Error|Exception)\)$|\bERR!/i;
const ERROR =
  /\b(error|err|failed|failure|cannot|can't|could not|unable to|exception|refused|denied|invalid|not found|no such)\b/i;
const HARMLESS =
  /\b(0|no|without|zero) (errors?|failures?)\b|\berrors?["']?\s*[=:]\s*["']?(0|false|null|none|nil|\[\])|\berror[_-]?(log|page|handler|channel|logger|rate)|DeprecationWarning|UserWarning/i;
/** Lines that only say that it ends, after the line that says why. */
const CLOSING =
  /\b(Aborting|Shutting down|Exiting( abnormally)?|Bye|Unable to open logs)\W*$|Fatal errors found in configuration|A complete log of this run|To see a list of scripts, run|npm run$|A fatal exception has occurred|Could not create the Java Virtual Machine|APPLICATION FAILED TO START|Application run failed|npm ERR! ?$|exit status \d+$|^Node\.js v\d|problem running manager|unable to start manager$/i;
/** A level at the beginning of a line, also after time and thread. */
const MILD_LEVEL =
  /^(\S+\s+){0,3}\W{0,2}(INFO|DEBUG|TRACE|NOTICE|WARN(ING)?|I\d{4}|W\d{4})\b|"(level|severity)"\s*:\s*"(info|debug|trace|notice|warn(ing)?)"|\blevel=(info|debug|trace|warn(ing)?)\b|\t(info|debug|warn(ing)?)\t|\[(info|debug|notice|warn(ing)?)\]/i;
/** Frames of a stack trace say where, not what. */
const FRAME =
  /^\s+at\s|^\s*\.{3} \d+ (common frames|more)|^\s*File "[^"]+", line \d+|^\s*#\d+\s|^goroutine \d+|^\t(?!\s*[\w.$]{1,200}(?:Error|Exception)\b)/;

/**
 * What the end of a log says about why the application ended. Of a run of errors that follow from each other, the
 * innermost counts: in a stack of causes the last `Caused by`, else the line of a known failure nearest to the end, else
 * the last grave line, else the last that claims an error, else the last. Pure text matching: the application can mislead
 * it, which is why the line is always quoted.
 */
export function findLogCause(log: string): LogCause | undefined {
  const lines = linesOf(log).slice(-LINES_READ);
  const weighed = lines.map((line, index) => ({ line, index, weight: weigh(line) })).filter(({ weight }) => weight > 0);
  const grave = weighed.filter(({ weight }) => weight === 2);
  const innermost = grave.findLast(({ line }) => /^\s*Caused by:/.test(line) && knownFailure(line) !== undefined);
  const known =
    innermost ??
    grave.findLast(({ line }) => knownFailure(line) !== undefined) ??
    weighed.findLast(({ line, index }) => knownFailure(line) !== undefined && isNearEnd(index, grave.at(-1)?.index));
  const chosen = known ?? grave.findLast(({ line }) => /^\s*Caused by:/.test(line)) ?? grave.at(-1) ?? weighed.at(-1);
  const index = chosen?.index ?? lines.length - 1;
  const line = lines[index];
  if (line === undefined) return undefined;
  const text = chosen ? withContinuation(lines, index) : line;
  const failure = chosen && (knownFailure(line) ?? knownFailure(text));
  return {
    line: oneLine(text, 500),
    short: oneLine(messageOf(text), 200),
    excerpt: lines.slice(Math.max(0, index - CONTEXT_LINES), index + 1 + CONTEXT_LINES).join('\n'),
    ...(failure && { failure }),
    explicit: chosen !== undefined,
  };
}

/** The first line that claims an error: where a run of errors that follow from each other began. */
export function firstComplaint(log: string): string | undefined {
  const line = linesOf(log)
    .slice(-LINES_READ)
    .find((candidate) => weigh(candidate) > 0);
  return line && oneLine(line, 500);
}

/** A known failure far before the line that ends it all is another story. */
function isNearEnd(index: number, end: number | undefined): boolean {
  return end === undefined || Math.abs(end - index) <= 12;
}

/** Lines that are not empty and no frames; their length is bounded, because patterns are slow on what never ends. */
function linesOf(log: string): string[] {
  return log
    .slice(-LINES_READ * LINE_LENGTH)
    .split(/\r?\n/)
    .map((line) => line.slice(0, LINE_LENGTH))
    .filter((line) => line.trim() !== '' && !FRAME.test(line));
}

/** A line that ends with a colon, or names a code alone, goes on in the next ones. */
function withContinuation(lines: string[], index: number): string {
  const line = lines[index] ?? '';
  const goesOn =
    /:\s*$/.test(line) || /^\s*\w{0,40}Error: \S{1,40}$/.test(line) || line.startsWith("Error: The module '");
  return goesOn ? [line, ...lines.slice(index + 1, index + 3)].join(' ') : line;
}

/** 2: the line claims a grave error; 1: an error; 0: none. A warning never counts beside an error. */
function weigh(line: string): number {
  if (HARMLESS.test(line) || MILD_LEVEL.test(line) || CLOSING.test(line)) return 0;
  if (GRAVE.test(line)) return 2;
  return ERROR.test(line) || knownFailure(line) !== undefined ? 1 : 0;
}
