import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 2_000;

/**
 * Prints once, or, with `--watch`, again and again until Ctrl-C: on a terminal over what was printed before, elsewhere one after the
 * other. A failure of the first time ends it; a later one is printed and tried again.
 */
export async function printRepeatedly(watch: boolean, print: () => Promise<void>): Promise<void> {
  await print();
  if (!watch) return;
  for (;;) {
    await sleep(INTERVAL_MS);
    if (process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J\u001b[3J');
    try {
      await print();
    } catch (error) {
      console.error(escapeControls(error instanceof Error ? error.message : String(error)));
    }
  }
}
