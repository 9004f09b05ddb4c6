import { constants, gunzipSync, inflateSync } from 'node:zlib';

/** What may still be decompressed for a text: its archives can be many, and each of them a bomb. */
export interface DecompressionBudget {
  archives: number;
  bytes: number;
}

/** A Helm release has some 100 kB, a bomb 1,000 times its size. */
export function decompressionBudget(): DecompressionBudget {
  return { archives: 50, bytes: 1 << 20 };
}

/** Not decompressed: what it contains is unknown. */
export const UNREAD = Symbol('unread');

/** The first character of the base64 form of printable text. */
const BEGIN_OF_TEXT = /^[CDI-Za-f]/;
/** An archive of gzip, or of zlib with any of its levels. */
const BEGIN_OF_ARCHIVE = /^(?:H4sI|eJ[wxy]|eNp|eAE)/;
/** Characters. A shorter archive holds no secret. */
const SHORTEST_ARCHIVE = 40;
/** Of two digits for each byte, and at least 20 bytes. */
const HEX = /^(?:0x)?(?<digits>(?:[\da-fA-F]{2}){20,})$/;
const PRINTABLE = /^[\t\n\r\u{20}-\u{7e}]{6,}$/u;
/** As Windows encodes text: each second byte is 0. */
const WIDE = /^(?:[\t\n\r\u{20}-\u{7e}]\0){4,}/u;

/**
 * Returns the text that a run of base64 or hexadecimal characters encodes, perhaps compressed.
 * @returns undefined if it encodes no text
 */
export function decodedText(run: string, budget: DecompressionBudget): string | typeof UNREAD | undefined {
  if (BEGIN_OF_ARCHIVE.test(run)) return decompressed(run, budget);
  const digits = HEX.exec(run)?.groups?.digits;
  if (digits !== undefined) return textOf(digits, 'hex');
  return BEGIN_OF_TEXT.test(run) ? textOf(run, 'base64') : undefined;
}

function textOf(run: string, encoding: 'base64' | 'hex'): string | undefined {
  const begin = Buffer.from(run.slice(0, 16), encoding).toString('latin1');
  if (PRINTABLE.test(begin)) return Buffer.from(run, encoding).toString('latin1');
  return WIDE.test(begin) ? Buffer.from(run, encoding).toString('utf16le') : undefined;
}

/** The end of an archive can be cut off. */
function decompressed(run: string, budget: DecompressionBudget): string | typeof UNREAD | undefined {
  if (run.length < SHORTEST_ARCHIVE) return undefined;
  if (budget.archives <= 0 || budget.bytes <= 0) return UNREAD;
  budget.archives -= 1;
  const decompress = run.startsWith('H4sI') ? gunzipSync : inflateSync;
  try {
    const content = decompress(Buffer.from(run, 'base64'), {
      maxOutputLength: budget.bytes,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    budget.bytes -= content.length;
    return content.toString('latin1');
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    if (isTooLarge) budget.bytes = 0;
    return isTooLarge ? UNREAD : undefined;
  }
}
