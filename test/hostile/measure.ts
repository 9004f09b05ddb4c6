import { setImmediate } from 'node:timers/promises';
import type { Parser } from './parsers.ts';

/** How long a parser took. */
export interface Effort {
  /** CPU time of this thread, ms. */
  cpu: number;
  /** Most CPU time of one turn of the event loop, ms. */
  blocked: number;
}

/** Runs a parser on a text. What it throws is its answer to the text. */
export async function effortOf(parser: Parser, text: string): Promise<Effort> {
  let blocked = 0;
  let isRunning = true;
  let turnedAt = cpuTime();
  const turn = (): void => {
    const now = cpuTime();
    blocked = Math.max(blocked, now - turnedAt);
    turnedAt = now;
    if (isRunning) globalThis.setImmediate(turn);
  };
  await setImmediate();
  turnedAt = cpuTime();
  globalThis.setImmediate(turn);
  const begun = cpuTime();
  try {
    await parser(text);
  } catch {
    // Refused.
  }
  const cpu = cpuTime() - begun;
  isRunning = false;
  await setImmediate();
  await setImmediate();
  return { cpu, blocked };
}

/** CPU time of this thread, ms: other processes do not disturb it. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
