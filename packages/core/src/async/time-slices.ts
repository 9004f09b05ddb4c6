/** After this time, other work of the process gets its turn, ms. */
const SLICE_MS = 10;

/** Time that steps took in this turn of the event loop, ms. */
let spent = 0;
let nextTurn: Promise<void> | undefined;

/**
 * Runs long work without blocking the event loop: between its steps, after 10 ms, other work gets its turn. The time is that of all
 * such work together, so that many short pieces that run at once do not block either.
 * @param steps yields where it can be interrupted; a step should take no longer than a few milliseconds
 * @returns what `steps` returns
 */
export async function inSlices<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    while (spent >= SLICE_MS) await turn();
    const begun = performance.now();
    const step = steps.next();
    spent += performance.now() - begun;
    if (step.done) return step.value;
  }
}

/** Runs steps without an interruption. */
export function atOnce<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Ends when the event loop has done other work. All that wait for it share one turn. */
async function turn(): Promise<void> {
  nextTurn ??= new Promise((resolve) => {
    setImmediate(() => {
      nextTurn = undefined;
      spent = 0;
      resolve();
    });
  });
  return nextTurn;
}
