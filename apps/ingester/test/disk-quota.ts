import { execFileSync } from 'node:child_process';

/** Why the size of files cannot be limited here. */
export const whyNoQuota = ((): string | undefined => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs prlimit of util-linux';
  }
})();

/**
 * Limits the size of each file that this process writes, by the kernel: the write that reaches the limit is cut short,
 * and the next one fails, as on a disk that runs full.
 * @param bytes undefined lifts the limit
 */
export function limitFileSize(bytes: number | undefined): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes ?? 'unlimited'}:`]);
}
