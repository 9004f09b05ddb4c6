import { readFileSync } from 'node:fs';

/**
 * Returns when a process started, in clock ticks since the machine did: it tells a process from a later one with the same id.
 * Undefined where there is no such process, or no /proc.
 */
export function processStart(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may contain anything. The time is the 20th field after it.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isFinite(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}
