import { runProcess } from '@nightcrier/runtime/process/run-process';
import { TriageWorkerApp } from './app.ts';

await runProcess('triage-worker', async (config, logger) => {
  const app = new TriageWorkerApp({ config, logger, environment: process.env });
  await app.start();
  return app;
});
