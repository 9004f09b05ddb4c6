/**
 * A kubectl command that can be pasted into a shell: whatever a cluster calls its things, each stays one word.
 * `undefined` leaves a word out.
 */
export function kubectl(...words: (string | undefined)[]): string {
  return ['kubectl', ...words.filter((word) => word !== undefined).map(shellWord)].join(' ');
}

/** A word as a shell takes it for one. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
