/**
 * Imported by each `main.ts` before all other code is: a SIGHUP that arrives while code is loaded must not end the process, which is what Node does
 * without a handler. The configuration is read later, and so is up to date.
 */
process.on('SIGHUP', () => undefined);
