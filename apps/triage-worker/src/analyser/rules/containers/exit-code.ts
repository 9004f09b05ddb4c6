/** What an exit code says by itself: only codes that the kernel, the shell or the runtime give have a meaning. */
const MEANINGS: Partial<Record<number, string>> = {
  0: 'it ended by itself, without an error',
  126: 'its command cannot be executed',
  127: 'its command was not found',
  132: 'it used an instruction that the CPU does not have (SIGILL)',
  134: 'it aborted itself (SIGABRT)',
  137: 'it was killed (SIGKILL)',
  139: 'it crashed with a segmentation fault (SIGSEGV)',
  143: 'it was stopped (SIGTERM)',
};

export function exitCodeMeaning(exitCode: number): string | undefined {
  return (
    MEANINGS[exitCode] ??
    (exitCode > 128 && exitCode < 160 ? `it was ended by signal ${String(exitCode - 128)}` : undefined)
  );
}
