import type { EvidenceReference } from '@nightcrier/core/diagnosis/diagnosis';
import { stringify } from 'yaml';
import type { LogPiece } from '../evidence/evidence.ts';
import type { KubernetesObject } from '../evidence/kubernetes-object.ts';
import { kubectl } from '../evidence/kubectl-command.ts';
import { commandFor, type SeenEvent } from '../evidence/view/cluster-view.ts';
import type { ContainerCase, PodCase } from './pod-case.ts';

/** The state of a container, as it stands in the cluster. */
export function quoteContainer({ command }: PodCase, { status }: ContainerCase): EvidenceReference {
  const { name, ready, restartCount, state, lastState } = status;
  return { command, text: stringify({ name, ready, restartCount, state, lastState }, { lineWidth: 0 }) };
}

/** A part of an object, named by its path. */
export function quoteField(object: KubernetesObject, field: string, value: unknown): EvidenceReference {
  const text = typeof value === 'string' ? value : stringify(value, { lineWidth: 0 }).trim();
  return {
    command: commandFor(object),
    text: text.includes('\n') ? `${field}:\n${text.replaceAll(/^/gm, '  ')}` : `${field}: ${text}`,
  };
}

/** Events as kubectl shows them: when, type, reason, message, how often. */
export function quoteEvents(events: SeenEvent[], max = 3): EvidenceReference[] {
  const [first] = events;
  if (first === undefined) return [];
  const lines = events.slice(0, max).map(({ event, reason, message, at, count }) => {
    const when = at === 0 ? 'unknown time' : new Date(at).toISOString().replace('.000', '');
    return `${when}  ${event.type ?? ''}  ${reason}${count > 1 ? ` (x${count})` : ''}  ${message}`;
  });
  return [{ command: commandForEvents(first), text: lines.join('\n') }];
}

/** The last lines of a log. */
export function quoteLogEnd(log: LogPiece | undefined, lines = 10): EvidenceReference[] {
  const text = log?.text.trimEnd().split('\n').slice(-lines).join('\n');
  return log && text ? [{ command: log.command, text }] : [];
}

/** The command that shows the events of one object alone. */
function commandForEvents({ event, command }: SeenEvent): string {
  const { kind, name, namespace } = event.involvedObject ?? {};
  if (kind === undefined || name === undefined) return command;
  const scope = namespace === undefined ? ['-A'] : ['-n', namespace];
  return kubectl(
    'get',
    'events',
    ...scope,
    '--field-selector',
    `involvedObject.kind=${kind},involvedObject.name=${name}`,
  );
}
