/** The ingester, whose event loop is blocked for as many ms as its first argument says, whenever it receives SIGUSR2. */
const [blockMs] = process.argv.splice(2, 1).map(Number);
process.on('SIGUSR2', () => {
  const end = performance.now() + (blockMs ?? 0);
  while (performance.now() < end);
});
await import('../src/main.ts');
