import { ExitError } from '../exit-code.ts';

/** A configuration that cannot be used. Its message lists every problem, one a line, each with file, line and column. */
export class ConfigError extends ExitError {
  /** One line for each problem. */
  readonly problems: string[];
  /** The file, or what else was read. */
  readonly source: string;

  constructor(source: string, problems: string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super('configuration', [`${source}: ${count}`, ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
    this.source = source;
  }
}
