import { Secret } from '@nightcrier/core/settings/secret';
import { readFile } from 'node:fs/promises';

/**
 * A secret given as a value or as a file; the file is read at each call, so that a rotated key takes effect.
 * @throws Error that names the file when it cannot be read or is empty
 */
export async function readSecret(value: Secret | undefined, file: string | undefined): Promise<Secret | undefined> {
  if (value || file === undefined) return value;
  const text = (await readFile(file, 'utf8')).trim();
  if (text === '') throw new Error(`secret file ${file} is empty`);
  return new Secret(text);
}
