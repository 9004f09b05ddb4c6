import { setFlagsFromString } from 'node:v8';
import '@nightcrier/runtime/process/reload-during-start';
import { keepCompiledCode } from '@nightcrier/runtime/process/compile-cache';

keepCompiledCode(process.env);

// A log passes through as small buffers outside the heap. V8 collects the whole heap for every 64 MB of them, which took half of the
// time of a log, unless they count as the heap does.
setFlagsFromString('--external-memory-accounted-in-global-limit');

// Loaded when the handler of SIGHUP is there.
const { runProcess } = await import('@nightcrier/runtime/process/run-process');
const { GatewayApp } = await import('./app.ts');

await runProcess('gateway', async (config, logger) => {
  const app = new GatewayApp({ config, logger });
  await app.start();
  return app;
});
