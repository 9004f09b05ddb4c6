import { investigateMany } from '../../apps/triage-worker/test/many-workers.ts';
import type { Bench } from '../run.ts';
import { round } from '../figures.ts';

const INCIDENTS = 50;
const AT_ONCE = 10;
const AGENT_SECONDS = 5;
/** The serial loop takes equally long for each incident, so a few are enough. */
const SERIAL_INCIDENTS = 4;

export const bench: Bench = {
  description: `${INCIDENTS} incidents, five workers, max_concurrent_agents ${AT_ONCE}, agents that sleep for ${AGENT_SECONDS} s, against a serial loop`,
  async measure(progress) {
    const crowd = { workers: 5, incidents: INCIDENTS, max_concurrent_agents: AT_ONCE, agent_seconds: AGENT_SECONDS };
    const { seconds, most, reported, books_off } = await investigateMany(crowd);
    progress(`five workers: ${seconds.toFixed(1)} s`);
    const serial = await investigateMany({
      ...crowd,
      workers: 1,
      incidents: SERIAL_INCIDENTS,
      max_concurrent_agents: 1,
    });
    const serialSeconds = (serial.seconds * INCIDENTS) / SERIAL_INCIDENTS;
    const ideal = (INCIDENTS / AT_ONCE) * AGENT_SECONDS;
    return {
      seconds: round(seconds),
      ideal_seconds: ideal,
      ratio_to_ideal: round(seconds / ideal),
      serial_seconds: round(serialSeconds),
      serial_measured_incidents: SERIAL_INCIDENTS,
      ratio: round(serialSeconds / seconds),
      most_at_once: most,
      max_concurrent_agents: AT_ONCE,
      reported,
      books_off,
    };
  },
};
