import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const BLOCKING = path.join(import.meta.dirname, 'blocking-ingester.fixture.ts');

/**
 * The ingester as a process, and its configuration file. In an object, because it is a promise of its own end.
 * @param blockMs for how long SIGUSR2 blocks its event loop
 */
export async function spawnIngester(settings: object, { blockMs }: { blockMs?: number } = {}) {
  const file = path.join(tmpdir(), `nightcrier-${randomUUID()}.yaml`);
  await writeFile(file, JSON.stringify(settings)); // which is YAML
  onTestFinished(() => rm(file));
  const program = blockMs === undefined ? [MAIN] : [BLOCKING, `${blockMs}`];
  const child = execa(process.execPath, [...program, '--config', file], {
    reject: false,
    extendEnv: false,
    env: { PATH: process.env.PATH },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, file };
}
