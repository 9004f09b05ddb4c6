import '@nightcrier/runtime/process/reload-during-start';
import { keepCompiledCode } from '@nightcrier/runtime/process/compile-cache';

keepCompiledCode(process.env);

// Loaded when the handler of SIGHUP is there.
const { runProcess } = await import('@nightcrier/runtime/process/run-process');
const { startConfiguredApi } = await import('./configured-api.ts');

await runProcess('api', startConfiguredApi);
