import type { KnownFailure } from '../known-failure.ts';

/** What language runtimes and loaders say when a program cannot go on. */
export const RUNTIME_FAILURES: readonly KnownFailure[] = [
  {
    cause: 'heap_exhausted',
    pattern:
      /java\.lang\.OutOfMemoryError|\bOutOfMemoryError\b|JavaScript heap out of memory|^MemoryError\b|\bMemoryError$|fatal error: runtime: out of memory|System\.OutOfMemoryException|Allowed memory size of \d+ bytes exhausted|NoMemoryError/,
    meaning: 'it runs out of memory within the bounds of its own runtime',
    source: 'JVM, V8, CPython, Go, .NET, PHP, Ruby',
  },
  {
    cause: 'dependency_missing',
    pattern:
      /\bModuleNotFoundError\b|^ImportError: (cannot import|No module|lib)|ImportError: No module named|Error: Cannot find module|ERR_MODULE_NOT_FOUND|java\.lang\.(ClassNotFoundException|NoClassDefFoundError)|Could not find or load main class|error while loading shared libraries|cannot load such file --|LoadError\b.{0,80}cannot load|Could not load file or assembly|symbol not found: |Error relocating |PHP Fatal error: {1,2}Uncaught Error: Class|\bNo module named ['"]?[\w.]|no main manifest attribute|[Mm]issing script: |Could not find gem|Bundler::GemNotFound/,
    meaning: 'a module, class or library is missing from its image',
    source: 'CPython, Node.js, JVM, ld.so, musl, Ruby, .NET, PHP, Bundler',
  },
  {
    cause: 'image_platform_mismatch',
    pattern: /exec format error|Exec format error|cannot execute binary file/,
    meaning: 'its program is built for another processor architecture',
    source: 'execve(2): ENOEXEC',
  },
  {
    cause: 'arguments_invalid',
    pattern:
      /\b(unknown|unrecognized|undefined|invalid|illegal) (long |short |command[- ]line )?(flag|option|argument|parameter|shorthand flag)s?\b|flag provided but not defined|error: unrecognized arguments|unexpected argument '|no such option: |Unrecognized (VM )?option|Could not parse (command line )?arguments|unknown command "/i,
    meaning: 'it is started with arguments that it does not know',
    source: 'getopt, Go flag and cobra, argparse, clap, JVM',
  },
  {
    cause: 'command_syntax',
    pattern:
      /\bsyntax error(:| near)| Syntax error: |unexpected EOF while looking for matching|unterminated quoted string|: unexpected end of file/i,
    meaning: 'its shell command has a syntax error',
    source: 'bash, dash, BusyBox ash',
  },
  {
    cause: 'command_syntax',
    pattern: /bad interpreter: |env: ['‘`"]?\w{1,20}\\r['’"]?: No such file/,
    meaning: 'its script names an interpreter that the image does not have, or has line ends of Windows',
    source: 'execve(2), env(1)',
  },
  {
    cause: 'command_not_found',
    pattern:
      /: (command )?not found$|: command not found\b|executable file not found in \$PATH|exec: "[^"]{1,200}": (executable file not found|stat )|^(\/bin\/)?(sh|bash): \d*:? ?[^:]{1,100}: not found|exec [^\s:]{1,200}: no such file or directory/,
    meaning: 'the program that it should run is not in the image',
    source: 'shells, runc, exec of the kernel',
  },
];
