import '@nightcrier/runtime/process/reload-during-start';
import { keepCompiledCode } from '@nightcrier/runtime/process/compile-cache';
import { allowHeapGrowth, holdHeapGrowth } from '@nightcrier/runtime/process/heap-growth';

keepCompiledCode(process.env);
holdHeapGrowth();

// Loaded when the handler of SIGHUP is there.
const { runProcess } = await import('@nightcrier/runtime/process/run-process');
const { TriageWorkerApp } = await import('./app.ts');

await runProcess('triage-worker', async (config, logger) => {
  const app = new TriageWorkerApp({ config, logger, environment: process.env });
  await app.start();
  allowHeapGrowth();
  return app;
});
