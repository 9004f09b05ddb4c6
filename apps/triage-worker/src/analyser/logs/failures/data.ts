import type { KnownFailure } from '../known-failure.ts';

/** What programs say of data, versions and locks that they find at their start. Before all others: these messages hold words of theirs. */
export const DATA_FAILURES: readonly KnownFailure[] = [
  {
    cause: 'data_incompatible',
    pattern:
      /database files are incompatible with server|was initialized by PostgreSQL version|initdb: error: directory "[^"]{1,200}" exists but is not empty|--initialize specified but the data directory has files|data directory .{1,120} is unusable|Cannot (upgrade|downgrade) (server|from)|InnoDB: (Unsupported redo log format|Upgrade after a crash)|InconsistentClusterIdException|doesn't match stored (clusterId|brokerId)|Wrong mongod version|featureCompatibilityVersion|Can't handle RDB format version|cannot downgrade a node from version|Index .{1,100} created with version|data format is not compatible|has no space for .{1,40} header/,
    meaning: 'the data in its directory does not fit it',
    source: 'PostgreSQL, MySQL, Kafka, MongoDB, Redis, Elasticsearch',
    advice:
      'Go back to the version that wrote the data or migrate it; never delete the directory before there is a backup.',
  },
  {
    cause: 'data_locked',
    pattern:
      /Unable to lock \.?\/?\S{1,80} error: 11|lock DB directory|failed to obtain node locks|LockObtainFailedException|LockHeldException|lock file "postmaster\.pid" already exists|another (instance|process) (is|of) .{0,60}(running|using)|(database|data directory|file) (is )?(already )?(locked|in use) by another|Failed to acquire lock on file \.lock|DBPathInUse|resource temporarily unavailable.{0,40}\block\b|\block\b.{0,80}resource temporarily unavailable/i,
    meaning: 'another process holds the lock of its data',
    source: 'InnoDB, Prometheus TSDB, Lucene, PostgreSQL, Kafka, MongoDB',
  },
  {
    cause: 'runtime_version_mismatch',
    pattern:
      /UnsupportedClassVersionError|compiled by a more recent version of the Java Runtime|Your Ruby version is|You must install or update \.NET|version `(GLIBC|GLIBCXX|CXXABI|MUSL)_[\d.]+' not found|was compiled against a different Node\.js version|NODE_MODULE_VERSION|The engine "node" is incompatible|requires (a peer of |Node\.js |Python |PHP |Go |Java )v?[<>=^~]{0,2}\s?\d|requires a different Python|Your Composer dependencies require a PHP version|invalid ELF header/,
    meaning: 'it needs another version of its runtime or system library than its image has',
    source: 'JVM, Bundler, .NET, ld.so, Node.js, npm, pip, Composer',
    advice: 'Build it for the runtime of the image, or take an image with the version that the message names.',
  },
  {
    cause: 'cpu_unsupported',
    pattern:
      /requires a CPU with AVX|Illegal instruction|SIGILL|Fatal glibc error: CPU does not support|CPU lacks .{1,40} support/,
    meaning: 'it uses instructions that the CPU of the node does not have',
    source: 'MongoDB, glibc, kernel (SIGILL)',
  },
  {
    cause: 'segmentation_fault',
    pattern: /^Segmentation fault|\bsegmentation fault \(core dumped\)|SIGSEGV: segmentation violation/i,
    meaning: 'it crashed with a segmentation fault',
    source: 'shells, Go',
  },
  {
    cause: 'migration_failed',
    pattern:
      /FlywayValidateException|FlywayMigrateException|Migrations have failed validation|Migration checksum mismatch|Could not acquire change log lock|liquibase\.exception\.|found failed migrations in the target database|Error: P30\d\d|Can't locate revision identified by|PendingMigrationError|[Mm]igrations are pending|Dirty database version|Please run `?airflow db|database is not up to date|unapplied migration|goose: .{0,80}(failed|missing)|schema version .{0,60}(mismatch|not supported|too (old|new))/,
    meaning: 'the schema of its database is not what it expects',
    source: 'Flyway, Liquibase, Prisma, Alembic, Rails, golang-migrate, Airflow, Django',
    advice:
      'Look at the state of the migrations in the database before the next start: a lock or a half-done step has to be resolved by hand.',
  },
  {
    cause: 'stale_pid_file',
    pattern:
      /A server is already running\b|httpd \(pid \d{1,9}\) already running|pid ?file .{0,120}(already exists|exists)|already running with pid|RUNNING_PID/i,
    meaning: 'a PID file of an earlier run makes it believe that it already runs',
    source: 'Rails, Apache httpd, Play, gunicorn',
    advice: 'Remove the PID file at the start of the container, or keep it off the volume.',
  },
  {
    cause: 'dns_loop',
    pattern: /plugin\/loop: Loop \(/,
    meaning: 'the DNS server forwards its questions to itself',
    source: 'CoreDNS, plugin loop',
  },
  {
    cause: 'leader_election_lost',
    pattern: /leader ?election lost|lost (leader )?lease|leaderelection lost|stopped leading/i,
    meaning: 'it could not renew its leader lease in time and ended itself',
    source: 'client-go leaderelection, controller-runtime',
  },
  {
    cause: 'crd_missing',
    pattern:
      /no matches for kind ["\\]{0,3}"?[A-Z]\w|if kind is a CRD, it should be installed|the server could not find the requested resource|could not find the requested resource \((get|list|watch|post)/,
    meaning: 'a kind that it needs does not exist in the cluster',
    source: 'client-go RESTMapper, controller-runtime',
  },
  {
    cause: 'clock_skew',
    pattern:
      /RequestTimeTooSkewed|clock (skew|is out of sync|drift)|token used before issued|not yet valid: current time/i,
    meaning: 'the clock of its node differs from that of the other side',
    source: 'AWS, JWT libraries, Go crypto/x509',
  },
  {
    cause: 'process_limit',
    pattern:
      /unable to create (new )?native thread|failed to create new OS thread|may need to increase max user processes|pthread_create failed|Cannot fork\b|fork: (retry: )?Resource temporarily unavailable|can't start new thread|EAGAIN.{0,60}(spawn|fork)|spawn .{0,100}EAGAIN|blas_thread_init/,
    meaning: 'it may start no more threads or processes',
    source: 'JVM, Go, OpenBLAS, shells, CPython, Node.js',
  },
  {
    cause: 'kernel_setting',
    pattern: /System limit for number of file watchers reached/,
    meaning: 'a kernel or process limit of the node is too low for it',
    source: 'Node.js, inotify(7)',
  },
];
