import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { isPodReady } from '../../../evidence/pod-trouble.ts';
import { templateOf, workloadsIn, type Workload } from '../../../evidence/view/workload.ts';
import { configuredAddresses, serviceAt } from '../../../evidence/view/addresses.ts';
import { workloadsBehind } from '../../../evidence/view/service-links.ts';

/** Images of databases, and the clients whose words name one. */
const KINDS: readonly { image: RegExp; client: RegExp }[] = [
  {
    image: /mysql|mariadb|percona|tidb/i,
    client:
      /mysql|mariadb|JdbcEnvironment|\bcj\.|Communications link failure|jdbc connection|JDBCConnection|SQL Error: (1\d{3}|0)\b|Access denied for user|Too many connections|ERROR 1\d{3}|ERROR 2\d{3}|Unable to open JDBC/i,
  },
  {
    image: /postgres|postgis|timescale|cockroach|bitnami\/pg/i,
    client:
      /postgres|JdbcEnvironment|psycopg|\bpq: |\bpgx\b|PSQLException|SQLSTATE|too many clients|could not connect to server/i,
  },
  { image: /mongo/i, client: /mongo/i },
  { image: /redis|valkey|keydb|dragonfly/i, client: /redis|\bNOAUTH\b|READONLY You/i },
  { image: /rabbitmq/i, client: /rabbit|amqp/i },
  { image: /kafka|redpanda/i, client: /kafka|bootstrap server/i },
  { image: /elasticsearch|opensearch/i, client: /elasticsearch|opensearch/i },
];

/** Whether a text comes from the client of a database. */
export function isDatabaseText(text: string): boolean {
  return KINDS.some(({ client }) => client.test(text));
}

/**
 * The database that a complaint of a workload is about: the one that its configuration names, else the only one of that
 * kind in the namespace, else the one that is named like the workload, as releases name what belongs together.
 */
export function databaseOf(view: ClusterView, workload: Workload, text: string): Workload | undefined {
  const kinds = KINDS.filter(({ client }) => client.test(text));
  const isOfKind = (candidate: Workload) =>
    (templateOf(candidate)?.spec?.containers ?? []).some(({ image = '' }) =>
      kinds.some((kind) => kind.image.test(image)),
    );
  const configured = configuredAddresses(workload)
    .flatMap((address) => serviceAt(view, address, workload.namespace) ?? [])
    .flatMap((service) => workloadsBehind(view, service))
    .find(isOfKind);
  if (configured) return configured;
  const all = workloadsIn(view, workload.namespace);
  const candidates = all.filter((candidate) => candidate.name !== workload.name && isOfKind(candidate));
  if (candidates.length <= 1) return candidates[0];
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      shared: commonLength(candidate.name, workload.name),
      best: Math.max(
        0,
        ...all
          .filter((it) => it.name !== candidate.name && !candidates.includes(it))
          .map((it) => commonLength(it.name, candidate.name)),
      ),
    }))
    .filter(({ shared, best }) => shared >= 2 && shared >= best)
    .sort((a, b) => b.shared - a.shared);
  return ranked.length > 1 && ranked[0]?.shared === ranked[1]?.shared ? undefined : ranked[0]?.candidate;
}

/** Whether a database serves, and on which ports. */
export function isServing({ pods }: Workload): boolean {
  return pods.some(isPodReady);
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
