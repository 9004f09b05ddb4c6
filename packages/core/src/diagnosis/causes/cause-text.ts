/** What `docs/causes.md` says of a cause. */
export interface CauseText {
  /** What is wrong, in one sentence. */
  meaning: string;
  /** Which object or message decides that it is this cause. */
  decided_by: string;
  /** What to do about it. */
  remedy: string;
}
