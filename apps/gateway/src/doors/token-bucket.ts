/** Bounds how often something happens: `rate` per second on average, and `burst` at once. `now` is in ms. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #refilled: number;

  constructor({ rate, burst }: { rate: number; burst: number }, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#refilled = now;
  }

  /** Returns whether it may happen now. */
  allows(now: number): boolean {
    return this.#refill(now) >= 1;
  }

  /** Counts that it has happened. */
  take(now: number): void {
    this.#tokens = Math.max(0, this.#refill(now) - 1);
  }

  /** Takes back that it has happened. */
  giveBack(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#refill(now) + 1);
  }

  /** Returns whether nothing has happened for so long that the bucket can be forgotten. */
  isFull(now: number): boolean {
    return this.#refill(now) >= this.#burst;
  }

  #refill(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilled) / 1000) * this.#rate);
    this.#refilled = now;
    return this.#tokens;
  }
}
