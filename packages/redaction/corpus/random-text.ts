import { createHash } from 'node:crypto';

export const ALPHABETS = {
  word: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  lower: 'abcdefghijklmnopqrstuvwxyz0123456789',
  letter: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  digit: '0123456789',
  hex: '0123456789abcdef',
  base32: 'qpzry9x8gf2tvdw0s3jn54khce6mua7l',
  base32upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
} as const;

/**
 * Returns random-looking text, the same for the same arguments. The corpus is built from it, because scanners of source code
 * would report tokens that are written out.
 */
export function randomText(length: number, alphabet: keyof typeof ALPHABETS, seed: string | number): string {
  const letters = ALPHABETS[alphabet];
  const digests = Array.from({ length: Math.ceil(length / 64) }, (_, index) =>
    createHash('sha512').update(`${seed} ${alphabet} ${length} ${index}`).digest(),
  );
  const characters = Array.from(Buffer.concat(digests), (byte) => letters.charAt(byte % letters.length));
  return characters.slice(0, length).join('');
}

/** Returns the base64 form of a text. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
