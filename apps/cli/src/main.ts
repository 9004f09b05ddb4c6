import { keepCompiledCode } from '@nightcrier/runtime/process/compile-cache';
import { holdHeapGrowth } from '@nightcrier/runtime/process/heap-growth';

keepCompiledCode(process.env);
holdHeapGrowth();
const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2), process.env);
// What a slow reader of a pipe has not taken yet would be lost. A reader that is gone gives an error, which ends the wait too.
for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
// Open handles of a command (idle sockets, the timer of the signal handlers) must not keep the process running.
process.exit();
