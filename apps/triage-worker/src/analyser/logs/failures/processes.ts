import type { KnownFailure } from '../known-failure.ts';

/** What processes say about their files, ports, settings and environment. */
export const PROCESS_FAILURES: readonly KnownFailure[] = [
  {
    cause: 'port_in_use',
    pattern:
      /address already in use|\bEADDRINUSE\b|Address already in use|Port \d{1,5} (is|was) already in use|Only one usage of each socket address|bind\(\) to \S{1,60} failed \(98/i,
    meaning: 'the port that it wants to listen on is taken',
    source: 'bind(2): EADDRINUSE; Spring Boot, .NET, nginx',
  },
  {
    cause: 'disk_full',
    pattern:
      /no space left on device|\bENOSPC\b|disk quota exceeded|\bEDQUOT\b|There is not enough space on the disk|could not extend file|disk is full/i,
    meaning: 'its disk is full',
    source: 'write(2): ENOSPC, EDQUOT',
  },
  {
    cause: 'kernel_setting',
    pattern:
      /vm\.max_map_count|max virtual memory areas|fs\.inotify\.|inotify (watches|instances).{0,40}(limit|reached)|too many open files|\bEMFILE\b|max file descriptors|net\.core\.somaxconn.{0,60}(lower|too low)|\bulimit\b/i,
    meaning: 'a kernel or process limit of the node is too low for it',
    source: 'Elasticsearch bootstrap checks, inotify(7), getrlimit(2)',
  },
  {
    cause: 'env_missing',
    pattern:
      /(environment variable|env(ironment)? var|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b).{0,60}(not set|is required|required but|missing|must be set|must be specified|must be defined|not defined|undefined|is empty|not specified|not provided|is unset|cannot be empty)|(missing|required|unset|undefined)( required)? (environment|env)\b|KeyError: '[A-Z][A-Z0-9_]+'|Missing `?[A-Za-z_]+`? (for|setting|configuration)|You need to specify one of|(missing|required) (configuration|config|setting)\b|Could not resolve placeholder|requires? .{0,60}[A-Z]+_[A-Z_]+|Value cannot be null.{0,40}[Cc]onnection|ConnectionString property has not been initialized|The [A-Z][A-Z0-9_]+ setting must not be empty|(is uninitialized and|and) .{0,30}password (option )?is not specified|secretOrPrivateKey must have a value|You must specify [A-Z]+_[A-Z_]+/,
    meaning: 'a setting that it needs is missing from its environment',
    source: 'CPython, Rails, Spring, .NET, images of databases',
    advice: 'Set the variable that the message names in the container, or in the ConfigMap or Secret that fills it.',
  },
  {
    cause: 'read_only_file_system',
    pattern: /Read-only file system|\bEROFS\b/i,
    meaning: 'it writes to a file system that is read-only',
    source: 'open(2): EROFS',
  },
  {
    cause: 'permission_denied',
    pattern:
      /permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|Access to the path .{1,200} is denied|AccessDeniedException: \/|file access denied|write permissions? (for|to|on) the|does not match the owner of the data|is not writable\b/i,
    meaning: 'it may not do something in its file system or with the kernel',
    source: 'errno: EACCES, EPERM; .NET, JVM',
    advice: 'Compare the securityContext (runAsUser, fsGroup, capabilities) with what the process needs.',
  },
  {
    cause: 'file_missing',
    pattern:
      /no such file or directory|\bENOENT\b|FileNotFound(Error|Exception)|Could not find file|cannot open file|can't open file|Unable to access jarfile|cannot stat '/i,
    meaning: 'a file that it needs is missing',
    source: 'errno: ENOENT; JVM, .NET, CPython',
  },
  {
    cause: 'config_invalid',
    pattern:
      /yaml: |SyntaxError: Unexpected (token|end of JSON|non-whitespace)|ImproperlyConfigured|unknown keyword '|Configure(d)? .{0,20}DataSource|Unable to configure HTTPS endpoint|mapping values are not allowed|cannot unmarshal|invalid character .{1,20} looking for|\b(parse|parsing|unmarshal\w*|invalid|malformed|load|loading|read|reading)\b.{0,40}\b(config|configuration|json|yaml|toml|properties file)\b|nginx: \[emerg\]|unknown directive|unknown variable '|configuration (file|error)|Error creating bean|APPLICATION FAILED TO START|BeanCreationException|UnsatisfiedDependencyException|Invalid configuration|invalid value for|unrecognized configuration parameter|Bad directive|FATAL CONFIG|Format of the initialization string/i,
    meaning: 'it cannot use its configuration',
    source: 'YAML and JSON parsers, nginx, MySQL, PostgreSQL, Spring, .NET, Redis',
    advice: 'Correct the configuration at the place that the message names; compare with the last version that worked.',
  },
];
