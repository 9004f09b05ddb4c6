import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { templateOf, type Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';
import { databaseOf, isDatabaseText, isServing } from './database.ts';

const REFUSED = /connection refused|ECONNREFUSED|Communications link failure|ERROR 2003|could not connect to server/i;

/**
 * What a client says of its database, turned to where the fault lies: with the database when it is full or read-only; with
 * the client's port when it is refused by a database that serves others.
 */
export function atDatabase(view: ClusterView, client: Workload, said: Hypothesis): Hypothesis | undefined {
  const text = [said.statement, ...said.evidence.map((it) => it.text)].join('\n');
  if (!isDatabaseText(text)) return undefined;
  const database = databaseOf(view, client, text);
  if (database === undefined) return undefined;
  const pods = database.pods.flatMap(({ metadata }) =>
    view.eventsAbout('Pod', metadata?.name ?? '', database.namespace),
  );
  if (said.cause === 'db_connections' || said.cause === 'db_read_only') {
    const own = pods.filter(({ message }) => /too many|read-?only/i.test(message));
    const words = said.cause === 'db_connections' ? 'accepts no more connections' : 'is read-only';
    return {
      ...said,
      culprit: culpritOf(database),
      confidence: own.length > 0 ? 94 : 84,
      title: `The database ${plain(database.name)} ${words}`,
      statement: `The database ${code(database.name)} ${words}. ${said.statement}`,
      evidence: [...quoteEvents(own, 2), ...said.evidence].slice(0, 8),
    };
  }
  if (said.cause === 'db_credentials') return said;
  const full = pods.find(
    ({ message, at }) => /Too many connections|too many clients/i.test(message) && view.now - at < 10 * 60_000,
  );
  if (full && /unreachable|refused|connection|JDBC/i.test(text)) {
    return hypothesis({
      cause: 'db_connections',
      culprit: culpritOf(database),
      confidence: 92,
      title: `The database ${plain(database.name)} accepts no more connections`,
      statement: `The database ${code(database.name)}, which ${code(client.name)} uses, accepts no more connections: ${code(full.message)}. ${said.statement}`,
      evidence: [...quoteEvents([full]), ...said.evidence],
    });
  }
  if (
    !REFUSED.test(text) ||
    !isServing(database) ||
    !/^(dependency_unreachable|application_error|config_invalid)$/.test(said.cause)
  )
    return undefined;
  const ports = (templateOf(database)?.spec?.containers ?? []).flatMap(({ ports: own = [] }) =>
    own.flatMap(({ containerPort }) => containerPort ?? []),
  );
  return hypothesis({
    cause: 'db_port',
    culprit: culpritOf(client),
    confidence: 80,
    title: `${plain(client.name)} is refused by its database ${plain(database.name)}, which serves others: wrong port or address`,
    statement: `${code(client.name)} is refused when it connects to its database, and the database ${code(database.name)} is ready and listens on ${code(ports.join(', '))}: the client calls another port or address. ${said.statement}`,
    evidence: [
      ...said.evidence,
      ...(database.object ? [quoteField(database.object, 'status', database.object.status ?? {})] : []),
    ].slice(0, 8),
    actions: [
      `Compare host and port in the configuration of the client with the Service of the database: ${show`kubectl get services -n ${database.namespace}`}`,
    ],
    ruledOut: [{ what: `the database ${database.name}`, because: 'its pods are ready' }],
  });
}
