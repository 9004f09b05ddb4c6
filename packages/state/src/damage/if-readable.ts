/** Returns what Redis answers, or, where a value has another type than the command needs, what stands for no value. */
export async function ifReadable<T>(reply: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    if (isWrongType(error)) return otherwise;
    throw error;
  }
}

/** Returns whether an error of Redis says that a value has another type than the command needs. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

/** Returns a count as a number, 0 for text that is none, or less than none. */
export function countOf(text: string | undefined): number {
  const count = Number(text ?? 0);
  return Number.isFinite(count) && count > 0 ? count : 0;
}
