#!/usr/bin/env node
import { runProcess } from '@nightcrier/runtime/process/run-process';
import { Ingester } from './app.ts';

await runProcess('ingester', async (config, logger) => {
  const ingester = new Ingester(config, logger);
  await ingester.start();
  return ingester;
});
