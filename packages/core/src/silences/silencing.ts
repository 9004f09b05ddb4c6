import type { Labels, Matcher } from '../matching/matcher.ts';
import type { SilencedBy } from '../problems/problem.ts';
import { compileMatchers } from './matcher-text.ts';
import { type MaintenanceWindow, openUntil } from './maintenance-window.ts';
import { annotatedUntil } from './silence-annotation.ts';
import { type Silence, silenceState } from './silence.ts';

/** That a problem is silenced, by what, and whether it is investigated all the same. */
export type Silencing = SilencedBy & { investigate: boolean };

/** Returns what is noted on a problem. */
export function silencedBy(silencing: Silencing): SilencedBy {
  const { investigate: _investigate, ...silenced } = silencing;
  return silenced;
}

/** Silences and maintenance windows, compiled once and then applied to many problems. */
export class SilenceRules {
  readonly #silences: { silence: Silence; matchers: Matcher[] }[];
  readonly #windows: { window: MaintenanceWindow; matchers: Matcher[] }[];

  constructor(silences: readonly Silence[], windows: readonly MaintenanceWindow[]) {
    this.#silences = silences.map((silence) => ({ silence, matchers: compileMatchers(silence.matchers) }));
    this.#windows = windows.map((window) => ({ window, matchers: compileMatchers(window.matchers) }));
  }

  /**
   * Returns what silences a problem: of several, one that also keeps it from being investigated, and then the one that lasts
   * longest.
   * @param annotation value of `nightcrier.io/silence` on its object or namespace
   * @param now milliseconds since the epoch
   */
  silencing(labels: Labels, annotation: string | undefined, now: number): Silencing | undefined {
    const found = [...this.#bySilence(labels, now), ...this.#byWindow(labels, now), ...byAnnotation(annotation, now)];
    return found.toSorted(
      (one, other) => Number(one.investigate) - Number(other.investigate) || endOf(other) - endOf(one),
    )[0];
  }

  /** Names the silences and windows that are active: while it stays the same, so does what they silence. */
  active(now: number): string {
    const silences = this.#silences.filter(({ silence }) => silenceState(silence, now) === 'active');
    const windows = this.#windows.map(({ window }) => ({ name: window.name, end: openUntil(window, now) }));
    return JSON.stringify([
      silences.map(({ silence }) => [silence.id, silence.ends_at]),
      windows.filter(({ end }) => end !== undefined).map(({ name, end }) => [name, end]),
    ]);
  }

  #bySilence(labels: Labels, now: number): Silencing[] {
    return this.#silences.flatMap(({ silence, matchers }) => {
      if (silenceState(silence, now) !== 'active' || !matchesAll(matchers, labels)) return [];
      const { id, created_by: by, ends_at: until, comment: reason, investigate } = silence;
      return [{ id, by, until, reason, investigate }];
    });
  }

  #byWindow(labels: Labels, now: number): Silencing[] {
    return this.#windows.flatMap(({ window, matchers }) => {
      if (!matchesAll(matchers, labels)) return [];
      const end = openUntil(window, now);
      if (end === undefined) return [];
      const { name, investigate } = window;
      return [{ by: 'maintenance', until: new Date(end).toISOString(), reason: name, investigate }];
    });
  }
}

function byAnnotation(annotation: string | undefined, now: number): Silencing[] {
  const until = annotatedUntil(annotation, now);
  if (until === undefined) return [];
  const reason = 'annotation nightcrier.io/silence';
  return [
    { by: 'annotation', reason, investigate: false, ...(until < Infinity && { until: new Date(until).toISOString() }) },
  ];
}

function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels));
}

function endOf({ until }: Silencing): number {
  return until === undefined ? Infinity : Date.parse(until);
}
