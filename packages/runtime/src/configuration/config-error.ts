import { ExitError } from '../exit-code.ts';

/** More problems have one cause, and a list of all of them would hide it. */
export const MOST_LISTED = 50;

/** A configuration that cannot be used. Its message lists every problem, one a line, each with file, line and column. */
export class ConfigError extends ExitError {
  /** One line for each problem; of very many, the first ones and how many more there are. */
  readonly problems: string[];
  /** How many problems there are, listed or not. */
  readonly count: number;
  /** The file, or what else was read. */
  readonly source: string;

  /**
   * @param problems functions describe those that are not described unless they are listed
   * @param count more than `problems` holds, if these are the list of another error
   */
  constructor(source: string, problems: readonly (string | (() => string))[], count = problems.length) {
    const described = problems
      .slice(0, MOST_LISTED)
      .map((problem) => (typeof problem === 'string' ? problem : problem()));
    const more = count - described.length;
    const listed = more > 0 ? [...described, `and ${more} more`] : described;
    super(
      'configuration',
      [
        `${source}: ${count === 1 ? '1 problem' : `${count} problems`}`,
        ...listed.map((problem) => `  ${problem}`),
      ].join('\n'),
    );
    this.name = 'ConfigError';
    this.problems = listed;
    this.count = count;
    this.source = source;
  }
}
