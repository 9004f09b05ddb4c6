import { gzipSync } from 'node:zlib';
import type { NamedSecret } from '../named-secrets.ts';
import { randomText as random } from '../random-text.ts';

export const word = (length: number, seed: number): string => random(length, 'word', seed);
export const lower = (length: number, seed: number): string => random(length, 'lower', seed);
export const upper = (length: number, seed: number): string => random(length, 'upper', seed);
export const hex = (length: number, seed: number): string => random(length, 'hex', seed);
export const digits = (length: number, seed: number): string => random(length, 'digit', seed);
export const base64Text = (length: number, seed: number): string => random(length, 'base64', seed);
export const base64url = (length: number, seed: number): string =>
  random(length, 'base64', seed).replaceAll('+', '-').replaceAll('/', '_');
export const uuid = (seed: number): string =>
  `${hex(8, seed)}-${hex(4, seed)}-4${hex(3, seed)}-a${hex(3, seed)}-${hex(12, seed)}`;
/** What a generator of passwords makes. */
export const chosen = (seed: number): string =>
  `${random(6, 'letter', seed)}${digits(2, seed)}${['!', '_', '-', '.'][seed % 4] ?? ''}${random(3, 'letter', seed + 7)}`;

export const asBase64url = (text: string): string => Buffer.from(text).toString('base64url');
export const asHex = (text: string): string => Buffer.from(text).toString('hex');
export const zipped = (text: string): string => gzipSync(text).toString('base64');

export const lines = (count: number, seed: number): string[] =>
  Array.from({ length: count }, (_, line) => random(64, 'base64', seed * 100 + line));
export const pem = (label: string, body: readonly string[]): string =>
  [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`].join('\n');
export const webToken = (seed: number): string =>
  `${asBase64url('{"alg":"RS256","typ":"JWT"}')}.${asBase64url(`{"sub":"system:serviceaccount:a:b","exp":170000000${seed}}`)}.${base64url(86, seed)}`;

/** Returns a shape: a secret and the text around it, by a seed. */
export const around =
  (secret: (seed: number) => string, text: (secret: string, seed: number) => string) =>
  (seed: number): NamedSecret => ({ secret: secret(seed), text: text(secret(seed), seed) });
