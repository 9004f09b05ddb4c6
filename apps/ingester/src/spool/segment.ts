/** A file of faults, one in each line, in the order of receipt. */
export interface Segment {
  readonly file: string;
  bytes: number;
  /** Its faults that are in memory and not answered yet. */
  unanswered: number;
  /** How many faults this process has written, by cluster; missing for an adopted one. */
  readonly written?: Map<string, number>;
}
