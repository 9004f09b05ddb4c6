import type { RunOfAgent } from '@nightcrier/state/grants/door-records';

/** What a request came through: the sockets of one run, or, with neither, those that all runs of earlier versions and scripts share. */
export interface Listener {
  /** Name of the directory with the run's sockets. */
  socket?: string;
  run?: RunOfAgent;
}

export const SHARED: Listener = {};
