import { isUtf8 } from 'node:buffer';

const NUL = 0;
const NEWLINE = 10;

/**
 * Returns the text of a file.
 * @throws Error that says what the file is, when it is no text in UTF-8
 */
export function utf8Text(content: Buffer): string {
  const [first, second] = content;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new Error('it is UTF-16; save it as UTF-8');
  if (!isUtf8(content)) throw new Error('it is not UTF-8; save it as UTF-8');
  const nul = content.indexOf(NUL);
  if (nul !== -1) throw new Error(`line ${lineOf(content, nul)} contains a NUL character: it is not a text file`);
  return content.toString('utf8');
}

function lineOf(content: Buffer, at: number): number {
  let line = 1;
  for (let index = content.indexOf(NEWLINE); index !== -1 && index < at; index = content.indexOf(NEWLINE, index + 1))
    line += 1;
  return line;
}
