import { describeResource } from '@nightcrier/core/faults/fault';
import type { Problem } from '@nightcrier/core/problems/problem';
import { symptomName } from '@nightcrier/core/problems/problem-key';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { ageOf, shownTime } from '../lists/duration.ts';
import { shortId } from '../lists/incident-table.ts';
import { problemKeyOf, shownProblem } from '../lists/problem-name.ts';
import { type ListColumn, printList } from '../lists/print-list.ts';
import type { ListFilter } from '../lists/list-filter.ts';
import { printRepeatedly } from '../lists/repeat.ts';

const COLUMNS: ListColumn<Problem>[] = [
  { head: 'cluster', text: ({ cluster }) => cluster, least: 11 },
  { head: 'problem', text: ({ key }) => shownProblem(key), least: 16, cutLast: true },
  { head: 'state', text: stateOf, least: 9 },
  { head: 'severity', text: ({ severity }) => severity },
  { head: 'faults', text: faultTypes, least: 10 },
  { head: 'incident', text: ({ incidents: [latest] }) => (latest === undefined ? '–' : shortId(latest)) },
  { head: 'recurrences', text: ({ recurrences }) => String(recurrences), wide: true, number: true },
  { head: 'taken over by', text: ({ acknowledged }) => acknowledged?.by ?? '–', wide: true },
  { head: 'age', text: ({ since }, times) => shownTime(since, times) },
];

/** `nightcrier problems list`: those that are firing first. */
export async function listProblems(api: ApiClient, { watch, format, times, ...filter }: ListFilter): Promise<void> {
  const query = Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
  await printRepeatedly(watch, async () => {
    printList(await api.problems(query), COLUMNS, { format, times, none: 'no problems' });
  });
}

/** `nightcrier problems show CLUSTER PROBLEM`. */
export async function showProblem(
  api: ApiClient,
  cluster: string,
  key: string,
  output: 'table' | 'json',
): Promise<void> {
  const problem = await api.problem(cluster, problemKeyOf(key));
  if (output === 'json') {
    console.log(escapeControls(JSON.stringify(problem)));
    return;
  }
  const { acknowledged, silenced, recovered_at, symptoms, incidents } = problem;
  const facts: [string, string | undefined][] = [
    ['problem', `${problem.cluster} ${shownProblem(problem.key)}`],
    ['state', stateOf(problem)],
    ['severity', problem.severity],
    ['since', `${new Date(problem.since).toISOString()} (${ageOf(problem.since)} ago)`],
    ['recovered', recovered_at === undefined ? undefined : new Date(recovered_at).toISOString()],
    ['recurrences', String(problem.recurrences)],
    ['message', problem.message],
    ['taken over', acknowledged && [acknowledged.by, acknowledged.comment].filter(Boolean).join(': ')],
    ['silenced', silenced && `by ${silenced.by} until ${silenced.until ?? 'it is lifted'}: ${silenced.reason}`],
    ['stands for', problem.members?.join(', ')],
    ['member of', problem.member_of],
  ];
  for (const [name, value] of facts)
    if (value !== undefined) console.log(escapeControls(`${name.padEnd(12)} ${value}`));
  for (const symptom of symptoms) {
    const { state, fault_type, resource } = symptom;
    console.log(
      escapeControls(`symptom      ${fault_type} ${state} ${describeResource(resource)} (${symptomName(symptom)})`),
    );
  }
  for (const id of incidents) console.log(escapeControls(`incident     ${id}`));
}

/** `nightcrier problems ack CLUSTER PROBLEM`. */
export async function acknowledge(
  api: ApiClient,
  cluster: string,
  key: string,
  { author, comment, remove }: { author: string; comment?: string; remove: boolean },
): Promise<void> {
  if (remove) await api.unacknowledge(cluster, problemKeyOf(key));
  else await api.acknowledge(cluster, problemKeyOf(key), { author, comment });
  console.log(escapeControls(`problem ${cluster} ${key} ${remove ? 'given back' : 'acknowledged'}`));
}

function stateOf({ state, flapping, acknowledged, silenced }: Problem): string {
  const marks = [flapping && 'flapping', acknowledged && 'acknowledged', silenced && 'silenced'];
  return [state, ...marks.filter((mark) => typeof mark === 'string')].join(', ');
}

/** Those of the symptoms that are firing, or of all where none is. */
function faultTypes({ symptoms, component }: Problem): string {
  const firing = symptoms.filter(({ state }) => state === 'firing');
  const shown = firing.length > 0 ? firing : symptoms;
  return [...new Set(shown.map(({ fault_type }) => fault_type))].join(', ') || (component ?? '–');
}
