import { secretProblem } from '@nightcrier/core/settings/secret';
import { Secret } from '@nightcrier/core/settings/secret';
import { readFile } from 'node:fs/promises';

/**
 * Returns a secret that is given as a value or as a file. The file is read at each call, so that a rotated key takes effect.
 * @throws Error that names the file when it cannot be read, is empty, or holds what no header can carry
 */
export async function readSecret(value: Secret | undefined, file: string | undefined): Promise<Secret | undefined> {
  if (value || file === undefined) return value;
  const text = (await readFile(file, 'utf8')).trim();
  if (text === '') throw new Error(`secret file ${file} is empty`);
  const problem = secretProblem(text);
  if (problem !== undefined) throw new Error(`secret file ${file} ${problem}`);
  return new Secret(text);
}
