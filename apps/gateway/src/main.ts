import '@nightcrier/runtime/process/reload-during-start';

// Loaded when the handler of SIGHUP is there.
const { runProcess } = await import('@nightcrier/runtime/process/run-process');
const { GatewayApp } = await import('./app.ts');

await runProcess('gateway', async (config, logger) => {
  const app = new GatewayApp({ config, logger });
  await app.start();
  return app;
});
