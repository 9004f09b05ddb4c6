/** Sends calls together. Returns an answer for each in their order, an Error where that one failed. */
export type SendBatch<Call, Answer> = (calls: Call[]) => Promise<(Answer | Error)[]>;

interface WaitingCall<Call, Answer> {
  call: Call;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** Two, so that the next batch is packed while Redis runs this one. */
const IN_FLIGHT = 2;
/** Maximum of calls in a batch: Redis serves no other client while it runs one. */
const MOST_CALLS = 50;

/**
 * Sends single calls in batches, in their order: a single call is sent immediately, calls that arrive while others are in
 * flight are sent together.
 */
export class CallBatches<Call, Answer> {
  readonly #send: SendBatch<Call, Answer>;
  #waiting: WaitingCall<Call, Answer>[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(send: SendBatch<Call, Answer>) {
    this.#send = send;
  }

  /** Sends a call. Rejects with the error of the batch or of this call. */
  call(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      this.#schedule();
    });
  }

  /** Sends after the current callbacks, so that calls of the same moment, or after the same answers, go together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#inFlight < IN_FLIGHT) void this.#sendNext();
    });
  }

  async #sendNext(): Promise<void> {
    const batch = this.#waiting.splice(0, MOST_CALLS);
    this.#inFlight += 1;
    try {
      const answers = await this.#send(batch.map(({ call }) => call));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const answer = answers[at];
        if (answer === undefined) reject(new Error(`a batch of ${batch.length} calls got ${answers.length} answers`));
        else if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#inFlight -= 1;
      this.#schedule();
    }
  }
}
