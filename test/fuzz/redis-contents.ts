import { countLiveWorkers } from '@nightcrier/state/queue/live-workers';
import { fault, type TestState } from '../../packages/state/test/state.fixture.ts';

/** What {@link writeEverything} wrote, to be read again. */
export interface Written {
  incident: string;
  token: string;
  session: string;
  apiKey: string;
}

const RUN = { cluster: 'prod', attempt: 1, agent: 'claude' };
const BY = { name: 'somebody', kind: 'user' } as const;

/** Writes values of every store. */
export async function writeEverything(state: TestState): Promise<Written> {
  const { incidentId: incident } = await state.admission.admit({ ...fault({ id: 'a' }), problem: 'a-problem' });
  await state.admission.admit(fault({ id: 'b' }));
  await state.incidents.begin(incident);
  await state.breaker.record(incident, { kind: 'failed', reason: 'r', threshold: 1, probeIntervalSeconds: 1 });
  const leases = state.openLeases({ id: 'one' });
  const taken = await leases.take(new Map([['prod', 0]]));
  const contact = { at: 1, blindMs: 0 };
  await state.lastContacts.write(leases, [{ cluster: 'prod', token: taken.get('prod') ?? 0, contact }]);
  await state.triage.count('reported', 1);
  await state.intake.countOnce({ source: 's', sequence: 1, counts: [{ cluster: 'prod', outcome: 'lost', by: 1 }] });
  await state.incidents.finish(incident, { state: 'reported', notify: 'incident_resolved' });
  await state.incidents.saveReport(incident, '# Report');
  await state.openLiveWorkers(60_000).beat();
  await state.instance();

  await state.slackCards.set(incident, { channel: 'c', ts: '1' });
  await state.postedAlerts.set('target', 'prod/a-problem', '{}');
  const [due] = await state.problemOutbox.due();
  if (!due) throw new Error('no notification is due');
  await state.conversations.record('prod/a-problem', new Map([['target', 60]]), due.notification);
  await state.conversations.scheduleRepeat('target', 'prod/a-problem', 1);
  await state.receiverHealth.failed('target', { receiver: 'r', kind: 'webhook' }, 'refused');
  await state.socketLease.take('target', 'owner', 60_000);
  await state.feedback.give(incident, { by: 'somebody', at: '2026-01-01T00:00:00Z', verdict: 'useful' });
  const silence = { matchers: 'cluster=prod', duration: 60, comment: 'c', investigate: false };
  await state.silences.add(silence, 'somebody');
  await state.silencedFaults.keep({ ...fault(), problem: 'silenced' }, 'an-incident');
  await state.audit.record(BY, { action: 'silence_added', subject: 's' });
  await state.users.add({ name: 'somebody', role: 'viewer', password: 'a long password' }, 'somebody');
  const { secret: apiKey } = await state.apiKeys.add({ name: 'a-key', role: 'viewer' }, 'somebody');
  const { secret: session } = await state.sessions.open(
    { method: 'user', name: 'somebody' },
    { idle: 600, lifetime: 600 },
  );

  const { token } = await state.grants.issue({ incident_id: incident, ...RUN }, 600, 'own_sockets');
  const address = { id: 'g', host: 'h', socket_dir: '/s', kube_url: 'https://k', llm_url: 'http://l', ca: 'c' };
  await state.gateways.report({ ...address, started: 1 });
  await state.isolation.publish({
    worker: 'w',
    image: 'i',
    state: 'proven',
    findings: [],
    checked_at: '2026-01-01T00:00:00Z',
  });
  const run = { incident_id: incident, ...RUN };
  await state.doorRecords.add(run, {
    time: '2026-01-01T00:00:00Z',
    door: 'kube',
    verb: 'get',
    target: '/api',
    decision: 'denied',
    status: 403,
    bytes: 1,
    ms: 1,
  });
  await state.doorRecords.addAnswer(run, 'answer');
  await state.budgets.reserve(
    { incident_id: incident, cluster: 'prod', cost: { usd: 2, tokens: 2 }, seconds: 60 },
    { incident: { usd: 1 }, cluster_per_day: {}, per_day: {} },
  );
  await state.alertCounters.note({ malformed: 1 });
  await state.events.noteClusters([], 1);
  return { incident, token, session, apiKey };
}

/** The reads of every store. None may fail, whatever Redis holds. */
export function readersOf(state: TestState, { incident, token, session, apiKey }: Written) {
  const run = { incident_id: incident, attempt: 1 };
  const readers: Record<string, () => Promise<unknown>> = {
    'incidents.list': async () => state.incidents.list({ limit: 100 }),
    'incidents.counts': async () => state.incidents.counts(),
    'incidents.oldestQueued': async () => state.incidents.oldestQueued(),
    'incidents.report': async () => state.incidents.report(incident),
    'intake.read': async () => state.intake.read(),
    'intake.readMalformed': async () => state.intake.readMalformed(),
    'triage.read': async () => state.triage.read(),
    'triage.readUsage': async () => state.triage.readUsage(),
    'triage.readCauses': async () => state.triage.readCauses(),
    'breaker.read': async () => state.breaker.read(),
    'outbox.due': async () => state.outbox.due(),
    'problemOutbox.due': async () => state.problemOutbox.due(),
    'problems.list': async () => state.problems.list('prod'),
    'problems.get': async () => state.problems.get('prod', 'a-problem'),
    'problems.page': async () => state.problems.page({ limit: 10 }),
    'problems.count': async () => state.problems.count('firing'),
    'problems.clustersWith': async () => state.problems.clustersWith('firing'),
    'problems.countFiring': async () => state.problems.countFiring(),
    'problemSearch.find': async () => state.problemSearch.find({ limit: 10 }),
    'lastContacts.read': async () => state.lastContacts.read('prod'),
    'ingesters.refused': async () => state.ingesters.refused(),
    'ingesterHealth.read': async () => state.ingesterHealth.read(),
    'clusterHealth.read': async () => state.clusterHealth.read([{ name: 'prod', labels: {}, triage_enabled: true }]),
    'workers.count': async () => countLiveWorkers(state.redis, state.keys),
    'damage.read': async () => state.damage.read(),
    instance: async () => state.instance(),
    'slackCards.get': async () => state.slackCards.get(incident),
    'postedAlerts.read': async () => state.postedAlerts.read('target'),
    'postedAlerts.get': async () => state.postedAlerts.get('target', 'prod/a-problem'),
    'conversations.read': async () => state.conversations.read('prod/a-problem'),
    'conversations.latest': async () => state.conversations.latest('prod/a-problem'),
    'conversations.lastDelivered': async () => state.conversations.lastDelivered('prod/a-problem', 'target'),
    'conversations.dueRepeats': async () => state.conversations.dueRepeats(Date.now(), 10),
    'receiverHealth.read': async () => state.receiverHealth.read(),
    'feedback.read': async () => state.feedback.read(incident),
    'silences.list': async () => state.silences.list(),
    'silencedFaults.clusters': async () => state.silencedFaults.clusters(),
    'silencedFaults.list': async () => state.silencedFaults.list('prod'),
    'audit.page': async () => state.audit.page({ limit: 10 }),
    'users.list': async () => state.users.list(),
    'users.get': async () => state.users.get('somebody'),
    'apiKeys.list': async () => state.apiKeys.list(),
    'apiKeys.find': async () => state.apiKeys.find(apiKey),
    'sessions.list': async () => state.sessions.list(),
    'sessions.find': async () => state.sessions.find(session, 600),
    'grants.find': async () => state.grants.find(token),
    'gateways.live': async () => state.gateways.live(),
    'isolation.read': async () => state.isolation.read(),
    'runSockets.list': async () => state.runSockets.list(),
    'doorRecords.read': async () => state.doorRecords.read(run),
    'doorRecords.answers': async () => state.doorRecords.answers(run),
    'budgets.exhausted': async () => state.budgets.exhausted(),
    'budgets.today': async () => state.budgets.today(),
    'alertCounters.read': async () => state.alertCounters.read(),
    'alertCounters.unassigned': async () => state.alertCounters.unassigned(),
    'alerts.list': async () => state.alerts.list('prod'),
    'alerts.read': async () => state.alerts.read('prod', ['a']),
    'alerts.clusters': async () => state.alerts.clusters(),
    'alerts.problems': async () => state.alerts.problems('prod', ['a-problem']),
    'events.after': async () => state.events.after('0-0', 10),
    'events.lastId': async () => state.events.lastId(),
    'events.firstId': async () => state.events.firstId(),
  };
  return readers;
}
