import { Gauge, type Registry } from 'prom-client';
import type { StateSnapshot } from './snapshot.ts';

/** Adds the spool of each ingester. */
export function spoolMetrics(ingesters: StateSnapshot['ingesters'], registry: Registry): void {
  const labelNames = ['ingester'];
  const registers = [registry];
  const waiting = new Gauge({
    name: 'nightcrier_spool_faults_in_memory',
    help: 'Faults in the memory of an ingester that wait for admission',
    labelNames,
    registers,
  });
  const bytes = new Gauge({
    name: 'nightcrier_spool_disk_bytes',
    help: 'Bytes of faults on the disk of an ingester that wait for admission',
    labelNames,
    registers,
  });
  const onDisk = new Gauge({
    name: 'nightcrier_spool_disk_up',
    help: 'Whether an ingester can write its spool to disk',
    labelNames,
    registers,
  });
  for (const { name: ingester, spool } of ingesters) {
    waiting.set({ ingester }, spool.in_memory);
    bytes.set({ ingester }, spool.disk_bytes);
    onDisk.set({ ingester }, spool.state === 'memory-only' ? 0 : 1);
  }
}
