import type { WorkerProcess } from '@nightcrier/state/queue/live-workers';
import { readFileSync, readlinkSync } from 'node:fs';

/** Fields of `/proc/PID/stat` after the name: the process group, and the time of the start in clock ticks since boot. */
const GROUP_FIELD = 2;
const START_FIELD = 19;

/** Returns the identity of this process; undefined where the system does not show it, as outside Linux. */
export function ownProcess(): WorkerProcess | undefined {
  return identityOf(process.pid);
}

/** Returns the identity of a process of this machine; undefined where there is none, or the system does not show it. */
export function identityOf(pid: number): WorkerProcess | undefined {
  const [machine, started] = [ownMachine(), startOf(pid)];
  return machine === undefined || started === undefined ? undefined : { machine, pid, started };
}

/** Returns the name of this machine: one boot of one kernel, and one namespace of pids, as a container has its own. */
export function ownMachine(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Returns whether a process of this machine has ended. */
export function hasEnded({ pid, started }: WorkerProcess): boolean {
  return startOf(pid) !== started;
}

/** Returns whether a process of this machine leads a process group. */
export function isGroupLeader(pid: number): boolean {
  return Number(statusOf(pid)[GROUP_FIELD]) === pid;
}

/** Returns when a process started; undefined if there is none. */
function startOf(pid: number): number | undefined {
  const fields = statusOf(pid);
  const start = Number(fields[START_FIELD]);
  // A zombie has ended.
  return fields[0] === 'Z' || !Number.isSafeInteger(start) ? undefined : start;
}

/** Returns the fields of `/proc/PID/stat` after the name, none if there is no such process. */
function statusOf(pid: number): string[] {
  try {
    // The name may contain spaces and parentheses.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
}
