import { runProcess } from '@nightcrier/runtime/process/run-process';
import { GatewayApp } from './app.ts';

await runProcess('gateway', async (config, logger) => {
  const app = new GatewayApp({ config, logger });
  await app.start();
  return app;
});
