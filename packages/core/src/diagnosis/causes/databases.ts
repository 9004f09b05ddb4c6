import type { CauseText } from './cause-text.ts';

/** Causes between an application and its database. */
export const DATABASES = {
  db_credentials: {
    meaning: 'The database (or another service) rejects the credentials of the application.',
    decided_by: '`Access denied for user`, `password authentication failed` in the log.',
    remedy: 'Compare the credentials in the Secret with those of the database.',
  },
  db_port: {
    meaning: 'The application calls the database on a port on which it does not listen.',
    decided_by: 'A refused connection to a database that is ready, and its port.',
    remedy: 'Correct the port in the configuration of the application.',
  },
  db_connections: {
    meaning: 'The database accepts no more connections.',
    decided_by: '`Too many connections`, `too many clients already` in a log or probe.',
    remedy: 'Raise the connection limit, or make the pools of the clients smaller.',
  },
  db_read_only: {
    meaning: 'The database is read-only.',
    decided_by: '`--read-only option`, `cannot execute … in a read-only transaction` in the log.',
    remedy: 'Find out why the server became read-only (failover, disk, operator), and make it writable.',
  },
  db_permission: {
    meaning: 'The database user lacks a permission.',
    decided_by: '`permission denied for table` and similar in the log.',
    remedy: 'Grant the permission that the message names.',
  },
  db_object_missing: {
    meaning: 'A database, table or column that the application needs does not exist.',
    decided_by: '`relation … does not exist`, `Unknown database` in the log.',
    remedy: 'Run the migration that creates it.',
  },
  migration_failed: {
    meaning: 'The schema of the database is not what the program expects: a migration failed, is locked or is missing.',
    decided_by: 'The message of the migration tool.',
    remedy: 'Repair or run the migration by hand; then start the program again.',
  },
} as const satisfies Record<string, CauseText>;
