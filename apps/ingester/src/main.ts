#!/usr/bin/env node
import '@nightcrier/runtime/process/reload-during-start';
import { keepCompiledCode } from '@nightcrier/runtime/process/compile-cache';
import { allowHeapGrowth, holdHeapGrowth } from '@nightcrier/runtime/process/heap-growth';

keepCompiledCode(process.env);
holdHeapGrowth();

// Loaded when the handler of SIGHUP is there.
const { runProcess } = await import('@nightcrier/runtime/process/run-process');
const { Ingester } = await import('./app.ts');

await runProcess('ingester', async (config, logger) => {
  const ingester = new Ingester(config, logger);
  await ingester.start();
  allowHeapGrowth();
  return ingester;
});
