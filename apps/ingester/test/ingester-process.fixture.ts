import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');

/** The ingester as a process, and its configuration file. In an object, because it is a promise of its own end. */
export async function spawnIngester(settings: object) {
  const file = path.join(tmpdir(), `nightcrier-${randomUUID()}.yaml`);
  await writeFile(file, JSON.stringify(settings)); // which is YAML
  onTestFinished(() => rm(file));
  const child = execa(process.execPath, [MAIN, '--config', file], {
    reject: false,
    extendEnv: false,
    env: { PATH: process.env.PATH },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, file };
}
