/**
 * What a check has found about one thing.
 * - `ok`: it works.
 * - `skipped`: the configuration does not use it, or it cannot be examined now; the message says why.
 * - `warning`: it works, and will not always, or not fully.
 * - `failed`: Nightcrier cannot do its work because of it.
 *
 * `fix` is what to do: a command, a setting with its value, or a sentence.
 */
export type Finding = { subject: string; message: string } & (
  | { state: 'ok' | 'skipped' }
  | { state: 'warning' | 'failed'; fix: string }
);
export type FindingState = Finding['state'];

export function ok(subject: string, message: string): Finding {
  return { state: 'ok', subject, message };
}

export function skipped(subject: string, message: string): Finding {
  return { state: 'skipped', subject, message };
}

export function warning(subject: string, message: string, fix: string): Finding {
  return { state: 'warning', subject, message, fix };
}

export function failed(subject: string, message: string, fix: string): Finding {
  return { state: 'failed', subject, message, fix };
}

/** Returns the message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
