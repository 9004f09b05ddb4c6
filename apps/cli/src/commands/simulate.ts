import { execa } from 'execa';
import path from 'node:path';
import { INSTALLATION } from '../installation.ts';

/** `nightcrier simulate …`: runs the simulator in the foreground, with its own flags. Returns its exit code. */
export async function simulate(flags: string[]): Promise<number> {
  const script = path.join(INSTALLATION, 'packages/simulator/src/main.ts');
  const result = await execa(process.execPath, [script, ...flags], { stdio: 'inherit', reject: false });
  return result.exitCode ?? 1;
}
