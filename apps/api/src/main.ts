import { runProcess } from '@nightcrier/runtime/process/run-process';
import { startConfiguredApi } from './configured-api.ts';

await runProcess('api', startConfiguredApi);
