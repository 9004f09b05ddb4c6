import type { KnownFailure } from '../known-failure.ts';

/** What databases, caches and brokers answer to their clients. */
export const DATABASE_FAILURES: readonly KnownFailure[] = [
  {
    cause: 'db_permission',
    pattern:
      /permission denied for (table|relation|schema|database|sequence|view|function)|SQLSTATE 42501|(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP) command denied to user|ORA-01031|NOPERM /,
    meaning: 'its database user lacks a permission',
    source: 'PostgreSQL, MySQL, Oracle, Redis',
    advice: 'Grant the database user the permission that the message names, or use the user that has it.',
  },
  {
    cause: 'db_credentials',
    pattern:
      /password authentication failed|Access denied for user|Authentication failed\.?$|SASL authentication failed|\bNOAUTH\b|\bWRONGPASS\b|invalid username-password pair|ERR invalid password|ORA-01017|Login failed for user|ACCESS_REFUSED|AuthenticationFailed\b|MongoServerError: Authentication failed|invalid credentials|InvalidCredentials|no pg_hba\.conf entry|role "[^"]{1,64}" does not exist/i,
    meaning: 'a service that it depends on rejects its credentials',
    source: 'PostgreSQL, MySQL, Redis, Oracle, SQL Server, RabbitMQ, MongoDB',
    advice:
      'Compare the credentials that the container gets with those of the service: they may have been changed on one side.',
    remote: true,
  },
  {
    cause: 'db_connections',
    pattern:
      /Too many connections|too many clients already|remaining connection slots are reserved|ERROR 1040|max number of clients reached|ORA-00020|max_user_connections/i,
    meaning: 'the database accepts no more connections',
    source: 'MySQL error 1040, PostgreSQL 53300, Redis, Oracle',
    remote: true,
  },
  {
    cause: 'db_read_only',
    pattern:
      /--(super-)?read-only option|in a read-only transaction|READONLY You can't write|database is read-only|attempt to write a readonly database|ER_OPTION_PREVENTS_STATEMENT|not (a )?(primary|master)\b.{0,40}write|cluster_block_exception.{0,200}read-only|FORBIDDEN\/\d+\/index read-only/i,
    meaning: 'the database that it writes to is read-only',
    source: 'MySQL error 1290, PostgreSQL 25006, Redis, SQLite, MongoDB, Elasticsearch',
    remote: true,
  },
  {
    cause: 'db_object_missing',
    pattern:
      /relation "[^"]{1,128}" does not exist|Unknown database '|database "[^"]{1,64}" does not exist|Table '[^']{1,128}' doesn't exist|no such table|Unknown column '|column "?[\w.]{1,128}"? does not exist|ORA-00942/,
    meaning: 'a database, table or column that it needs does not exist',
    source: 'PostgreSQL, MySQL, SQLite, Oracle',
  },
];
