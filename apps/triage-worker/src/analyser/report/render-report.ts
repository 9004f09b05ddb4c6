import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { Diagnosis, Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { describeResource } from '@nightcrier/core/faults/fault';
import { piecesOf, type Evidence } from '../../evidence/evidence.ts';
import { alertOf, alertTitle, monitoringSections, runbookOf } from './monitoring-sections.ts';
import { code, fenced, plain, show } from '../safe-text.ts';

const DECISIVE = 3;

/**
 * The report in Markdown: cause in the title, one sentence, what to do first, the evidence that decides, what changed,
 * confidence, then the rest. It has the headings of an agent's `investigation.md`.
 * @param options.because why no agent has written it, where one should have
 */
export function renderReport(
  diagnosis: Diagnosis,
  { clusterEvent, evidence, because }: { clusterEvent: ClusterEvent; evidence: Evidence; because?: string | undefined },
): string {
  const { cluster_name: cluster, event } = clusterEvent;
  const [first, ...others] = diagnosis.hypotheses;
  const gaps = piecesOf(evidence, 'gap').filter((gap) => gap.code !== 'not_found');
  const facts = {
    Cluster: cluster,
    Resource: describeResource(event.resource),
    Fault: event.faultType,
    Since: event.timestamp,
  };
  const isDetermined = diagnosis.determined && first !== undefined;
  const alert = alertOf(evidence, event);
  const about = plain(describeResource(event.resource));
  const subject = alert ? `${alertTitle(alert)} (${about})` : `${plain(event.faultType)} of ${about}`;
  const blocks = [
    `# ${isDetermined ? first.title : `Not determined: ${subject}`}`,
    Object.entries(facts)
      .map(([name, value]) => `**${name}:** ${code(value)}`)
      .join(' '),
    ...(because === undefined
      ? []
      : [`> Written by the built-in analyser, by rules alone, because the agent failed: ${code(because, 500)}`]),
    '## Root Cause',
    isDetermined ? first.statement : notDetermined(first, evidence, event.context),
    `Confidence: ${String(first?.confidence ?? 0)}%`,
    '## Recommendations',
    numbered(isDetermined ? first.actions : [...runbookOf(alert), ...firstSteps(event.resource, first)]),
    '## Evidence',
    ...(first && first.evidence.length > 0 ? first.evidence.slice(0, DECISIVE).map(quote) : ['None.']),
    ...monitoringSections(evidence, event),
    ...(diagnosis.changes.length > 0
      ? ['## What changed', diagnosis.changes.map(({ at, what }) => `- ${at ? `${code(at)} ` : ''}${what}`).join('\n')]
      : []),
    ...(isDetermined ? ['## Cause', causeTable(first)] : []),
    ...(first && first.ruled_out.length > 0
      ? ['## Ruled out', first.ruled_out.map(({ what, because: why }) => `- ${code(what)}: ${plain(why)}`).join('\n')]
      : []),
    ...(others.length > 0 && isDetermined
      ? [
          '## Other hypotheses',
          others
            .map((it, index) => `${String(index + 2)}. ${it.title} (${code(it.cause)}, ${String(it.confidence)}%)`)
            .join('\n'),
        ]
      : []),
    ...(first && first.evidence.length > DECISIVE
      ? ['## Further evidence', ...first.evidence.slice(DECISIVE).map(quote)]
      : []),
    ...(gaps.length > 0
      ? [
          '## Not read',
          gaps
            .map(({ command, code: why, reason }) => `- ${code(command, 500)}: not read (${why}): ${code(reason, 300)}`)
            .join('\n'),
        ]
      : []),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function causeTable({ cause, culprit }: Hypothesis): string {
  const { kind, namespace, name, container, field } = culprit;
  return [
    `- Cause: ${code(cause)}`,
    `- At fault: ${code(`${kind} ${namespace ? `${namespace}/` : ''}${name}`)}${container ? `, container ${code(container)}` : ''}${field ? `, ${code(field)}` : ''}`,
  ].join('\n');
}

function notDetermined(first: Hypothesis | undefined, evidence: Evidence, context: string | undefined): string {
  const gone = piecesOf(evidence, 'gap').find((gap) => gap.code === 'not_found' && gap === evidence.pieces[0]);
  const read = evidence.pieces.filter(({ type }) => type !== 'gap').length;
  return [
    'Not determined.',
    gone ? 'The object no longer exists, so only what outlives it could be read.' : '',
    first ? `The strongest lead (${String(first.confidence)}%): ${first.statement}` : '',
    context && !first ? `The fault as it was reported: ${code(context, 500)}` : '',
    `The rules read ${String(read)} pieces of evidence and found no cause that they support.`,
  ]
    .filter(Boolean)
    .join(' ');
}

function firstSteps(
  { kind, name, namespace }: { kind: string; name: string; namespace?: string | undefined },
  first: Hypothesis | undefined,
): string[] {
  const describe =
    namespace === undefined
      ? show`kubectl describe ${kind.toLowerCase()} ${name}`
      : show`kubectl describe ${kind.toLowerCase()} -n ${namespace} ${name}`;
  return [
    `Look at it as it is now: ${describe}`,
    ...(namespace === undefined
      ? []
      : [`Look at what happened around it: ${show`kubectl get events -n ${namespace} --sort-by=.lastTimestamp`}`]),
    ...(first?.actions ?? []).slice(0, 2),
  ];
}

function numbered(items: string[]): string {
  return items.map((item, index) => `${String(index + 1)}. ${item}`).join('\n');
}

function quote({ command, text }: { command: string; text: string }): string {
  return `${code(command, 500)}\n\n${fenced(text)}`;
}
