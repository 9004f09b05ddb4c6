import { Gauge, type Registry } from 'prom-client';
import type { StateSnapshot } from './snapshot.ts';

/** Adds the number of processes that are alive, by their kind. */
export function processMetrics({ ingesters, workers, gateways }: StateSnapshot, registry: Registry): void {
  const alive = new Gauge({
    name: 'nightcrier_processes_alive',
    help: 'Processes of the installation that have reported themselves lately, by kind',
    labelNames: ['kind'],
    registers: [registry],
  });
  alive.set({ kind: 'ingester' }, ingesters.length);
  alive.set({ kind: 'triage-worker' }, workers);
  alive.set({ kind: 'gateway' }, gateways);
}

/** Adds the spools of all ingesters together: the names of processes come and go, and are no labels. */
export function spoolMetrics(ingesters: StateSnapshot['ingesters'], registry: Registry): void {
  const registers = [registry];
  const sum = (figure: (spool: StateSnapshot['ingesters'][number]['spool']) => number): number =>
    ingesters.reduce((all, { spool }) => all + figure(spool), 0);
  new Gauge({
    name: 'nightcrier_spool_memory_faults',
    help: 'Faults in the memory of ingesters that wait for admission',
    registers,
  }).set(sum(({ in_memory }) => in_memory));
  new Gauge({
    name: 'nightcrier_spool_disk_bytes',
    help: 'Bytes of faults on the disks of ingesters that wait for admission',
    registers,
  }).set(sum(({ disk_bytes }) => disk_bytes));
  new Gauge({
    name: 'nightcrier_spools_without_disk',
    help: 'Ingesters that cannot write their spool to disk',
    registers,
  }).set(sum(({ state }) => (state === 'memory-only' ? 1 : 0)));
}
