import { ExitError } from '../exit-code.ts';

/** More problems have one cause, and a list of all of them would hide it. */
export const MOST_LISTED = 50;

/** A configuration that cannot be used. Its message lists every problem, one a line, each with file, line and column. */
export class ConfigError extends ExitError {
  /** One line for each problem; of very many, the first ones and how many more there are. */
  readonly problems: string[];
  /** The file, or what else was read. */
  readonly source: string;

  /** @param problems functions describe those that are not described unless they are listed */
  constructor(source: string, problems: readonly (string | (() => string))[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const described = problems
      .slice(0, MOST_LISTED)
      .map((problem) => (typeof problem === 'string' ? problem : problem()));
    const more = problems.length - described.length;
    const listed = more > 0 ? [...described, `and ${more} more`] : described;
    super('configuration', [`${source}: ${count}`, ...listed.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = listed;
    this.source = source;
  }
}
