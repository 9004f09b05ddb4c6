/** Clusters that are taken with each renewal while other ingesters may join: about as many as a process connects meanwhile. */
const WHILE_JOINING = 50;
/** The window is over this part of a lease after the latest ingester has joined, */
const QUIET_SHARE = 1 / 3;
/** and this part after this ingester has: the next one in rank waits for a lease before it takes what the first one does not. */
const LONGEST_SHARE = 2 / 3;

/**
 * The time in which ingesters that start together join. An ingester that took all clusters when it is the first would connect
 * to all of them, and hand most of them over moments later. In the window it takes them step by step.
 */
export class JoinWindow {
  /** Of a lease, ms. */
  readonly #length: number;
  #known: ReadonlySet<string> = new Set();
  #startedAt: number | undefined;
  #joinedAt = -Infinity;

  constructor(length: number) {
    this.#length = length;
  }

  /** Notes the live ingesters. Times in ms of one clock. @returns how many clusters without an owner can be taken now */
  limit(ingesters: readonly string[], now: number): number {
    this.#startedAt ??= now;
    if (ingesters.some((id) => !this.#known.has(id))) this.#joinedAt = now;
    this.#known = new Set(ingesters);
    const isOpen =
      now - this.#joinedAt < this.#length * QUIET_SHARE && now - this.#startedAt < this.#length * LONGEST_SHARE;
    return isOpen ? WHILE_JOINING : Infinity;
  }
}
