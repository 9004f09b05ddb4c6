/**
 * What Redis calls `reported`: the name of versions before 0.2, which could not read another one, so that old and new processes
 * run together. Reading accepts both.
 */
const FORMER = 'resolved';

/** Returns the name under which Redis keeps a state of incidents or an outcome of triage. */
export function storedName(name: string): string {
  return name === 'reported' ? FORMER : name;
}

/** Returns the state or outcome that Redis keeps under a name. */
export function nameOfStored(stored: unknown): unknown {
  return stored === FORMER ? 'reported' : stored;
}
