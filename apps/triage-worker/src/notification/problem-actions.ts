import { Matcher } from '@nightcrier/core/matching/matcher';
import type { Problem } from '@nightcrier/core/problems/problem';
import type { AdmissionSettings } from '@nightcrier/state/admission/admission-settings';
import type { State } from '@nightcrier/state/open-state';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import type { ProblemActions, ProblemName } from './slack/slack-clicks.ts';

const SILENCE_SECONDS = 4 * 3600;
const GONE = 'This problem is closed, or no longer known.';

/** What the buttons of messages do. The audit log records the author of each change. */
export function problemActions(state: State, queue: TriageQueue, settings: () => AdmissionSettings): ProblemActions {
  const { problems, silences, audit } = state;
  return {
    async nightcrier_acknowledge({ cluster, key }, author) {
      const acknowledgement = { by: author.name, at: new Date().toISOString() };
      if (!(await problems.acknowledge(cluster, key, acknowledgement))) return GONE;
      await audit.record(author, { action: 'problem_acknowledged', subject: `${cluster}/${key}` });
      return 'Acknowledged: nobody is notified again while it is firing.';
    },
    async nightcrier_silence({ cluster, key }, author) {
      const problem = await problems.get(cluster, key);
      if (!problem || problem.state === 'closed') return GONE;
      const matchers = matchersOf(problem);
      const silence = { matchers, duration: SILENCE_SECONDS, comment: 'button in Slack', investigate: false };
      const { id, ends_at } = await silences.add(silence, author.name);
      await audit.record(author, { action: 'silence_added', subject: id, details: { matchers, ends_at } });
      return `Silenced until ${ends_at}: ${matchers}`;
    },
    async nightcrier_investigate({ cluster, key }: ProblemName, author) {
      const outcome = await state.openAdmission(queue, settings()).investigateAgain(cluster, key);
      if (!outcome) return GONE;
      const { kind } = outcome;
      if (kind === 'already_open') return 'It is being investigated, or waits for that.';
      if (kind !== 'queued') return 'The queue is full: it cannot be investigated now.';
      const details = { incident: outcome.incidentId };
      await audit.record(author, { action: 'investigation_requested', subject: `${cluster}/${key}`, details });
      return 'Queued: its report will follow in the thread.';
    },
  };
}

/** The matchers of one problem: its workload or node, or the part of Nightcrier that fails. */
function matchersOf({ cluster, key, component }: Problem): string {
  const [namespace = '', workload = ''] = key
    .replace(/#.*$/, '')
    .split('/')
    .map((part) => decodeURIComponent(part));
  const labels = component === undefined ? { cluster, namespace, workload } : { cluster, component };
  return Object.entries(labels)
    .map(([name, value]) => new Matcher(name, '=', value).toString())
    .join(', ');
}
