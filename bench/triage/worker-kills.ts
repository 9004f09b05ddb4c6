import { killWorkers } from '../../apps/triage-worker/test/kill-workers.ts';
import type { Bench } from '../run.ts';

export const bench: Bench = {
  description: '100 workers killed at random moments: the outcome of incidents, agents and slots',
  async measure(progress) {
    return { ...(await killWorkers(100, progress)) };
  },
};
