// Control characters (C0 but tab and newline, DEL, C1) and the marks that reorder text on a screen: neither has a place
// in a fault, and a log viewer or a terminal would obey them.
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Makes text from a server safe to show and store: well-formed, without control characters, at most `maxLength`
 * characters. `lines: false` also puts it on one line.
 */
export function cleanText(text: string, maxLength: number, { lines = true } = {}): string {
  const safe = text
    .slice(0, maxLength * 2)
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(UNSAFE, '');
  const shaped = (lines ? safe : safe.replace(/\s+/g, ' ')).trim();
  return shaped.length <= maxLength ? shaped : `${shaped.slice(0, maxLength - 1)}…`.toWellFormed();
}
