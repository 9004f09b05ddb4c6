import '@nightcrier/runtime/process/reload-during-start';

// Loaded when the handler of SIGHUP is there.
const { runProcess } = await import('@nightcrier/runtime/process/run-process');
const { startConfiguredApi } = await import('./configured-api.ts');

await runProcess('api', startConfiguredApi);
