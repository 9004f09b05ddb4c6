const MEANINGS: Partial<Record<number, string>> = {
  0: 'the process ended by itself, without an error, although it is expected to keep running',
  1: 'the application ended itself with a general error',
  2: 'the application ended itself: often wrong arguments, or misuse of a shell command',
  126: 'the command was found but cannot be executed (not executable, or of the wrong format)',
  127: 'the command was not found in the image',
  128: 'the container could not be started, or its process ended with an invalid code',
  134: 'the process aborted itself (SIGABRT), as after a failed assertion',
  137: 'the process was killed (SIGKILL)',
  139: 'the process crashed with a segmentation fault (SIGSEGV)',
  143: 'the process was asked to stop (SIGTERM)',
};

/** What an exit code of a container says by itself. */
export function exitCodeMeaning(exitCode: number): string {
  const known = MEANINGS[exitCode];
  if (known !== undefined) return known;
  return exitCode > 128 && exitCode < 160
    ? `the process was ended by signal ${exitCode - 128}`
    : 'a code that only the application itself can explain';
}

/** Whether the code alone says more than "it failed". */
export function isTelling(exitCode: number): boolean {
  return [126, 127, 134, 139].includes(exitCode);
}
