/**
 * A triage worker that answers each message with its memory after a garbage collection.
 * usage: node --expose-gc measured-worker.ts OPTIONS-FILE    (JSON: TriageWorkerOptions without the logger)
 */
import { keepCompiledCode } from '../../../packages/runtime/src/process/compile-cache.ts';
import { allowHeapGrowth, holdHeapGrowth } from '../../../packages/runtime/src/process/heap-growth.ts';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

// As in the worker's own process.
keepCompiledCode(process.env);
holdHeapGrowth();
const { silentLogger } = await import('@nightcrier/core/logger');
const { TriageWorkerApp } = await import('../../../apps/triage-worker/src/app.ts');
const app = new TriageWorkerApp({ ...JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')), logger: silentLogger });
process.on('message', () => void measure());

async function measure(): Promise<void> {
  globalThis.gc?.();
  // What finalizers release is collected then.
  await sleep(100);
  globalThis.gc?.();
  process.send?.(process.memoryUsage());
}

process.once('SIGTERM', () => {
  void app.stop().then(() => process.exit(0));
});
await app.start();
allowHeapGrowth();
process.send?.('ready');
