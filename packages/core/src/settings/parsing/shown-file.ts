const LONGEST = 300;
/** Characters. The parts of a path are words; those of a key are not. */
const LONGEST_PART = 31;
const LONGEST_NAME = 15;

/**
 * Returns the name of a file as a message may show it. The secret itself is often written where the path of its file belongs, so a text
 * that does not look like a path is not repeated.
 */
export function shownFile(file: string): string {
  return isPath(file) ? file : '(not shown: it looks like no path, and may be the secret itself)';
}

function isPath(text: string): boolean {
  if (text.length > LONGEST || /[\s+=]|:\/\//.test(text)) return false;
  if (/^(?:[A-Za-z]:\\|\.{0,2}\/|~\/)/.test(text)) return true;
  const isNamed = text.length <= LONGEST_NAME || text.includes('/') || /\.[a-z]{2,12}$/.test(text);
  return isNamed && text.split(/[/.]/).every((part) => part.length <= LONGEST_PART);
}
