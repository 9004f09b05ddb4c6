/**
 * Control characters but tab and line feed, and characters that reorder or hide text: those that a terminal would obey (set its
 * title, write to the clipboard, move the cursor, show a link), or that show a text other than it is.
 */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- they are what is replaced
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Replaces characters that a terminal would obey by escapes such as `\u001b`, which are also valid in JSON. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** Escapes a JSON line once more, so that a formatter which parses it prints the escapes. */
export function escapeLogLine(line: string): string {
  const doubled = line.replace(/\\(?:\\|u00[01][\da-f]|[bfr])/g, (escape) =>
    escape === '\\\\' ? escape : `\\${escape}`,
  );
  return doubled.replace(CONTROLS, (character) => escaped(character).replaceAll('\\', '\\\\'));
}

/** Of a character beyond 16 bits both halves, as JSON has it. */
function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, half) => `\\u${character.charCodeAt(half).toString(16).padStart(4, '0')}`,
  ).join('');
}
