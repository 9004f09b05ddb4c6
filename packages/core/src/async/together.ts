/** Waits for all, also when one has failed: what is under way must not outlive the run that began it. */
export async function together<Work extends readonly Promise<unknown>[]>(
  ...work: Work
): Promise<{ -readonly [At in keyof Work]: Awaited<Work[At]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Does something alongside work that is under way, and waits for both to end. What comes of the work is for who else waits for it. */
export async function alongside<Result>(work: Promise<unknown>, rest: () => Promise<Result>): Promise<Result> {
  const result = rest();
  await Promise.allSettled([work, result]);
  return result;
}
