import { describeResource, type FaultEvent } from '@nightcrier/core/faults/fault';
import { piecesOf, type Evidence } from '../evidence/evidence.ts';
import type { Diagnosis, Quote } from './diagnosis.ts';
import { quoteEvents } from './pod-case.ts';
import { RULES } from './rules.ts';
import { code, plain, show } from './safe-text.ts';

/** From here on, a root cause is a conclusion; below, it says how far the evidence goes. */
const DETERMINED = 50;

/** The diagnosis of the first rule that applies, or an honest "not determined". Pure: same evidence, same answer. */
export function diagnose(evidence: Evidence, fault: FaultEvent): Diagnosis {
  for (const rule of RULES) {
    const finding = rule.applies(evidence, fault);
    if (finding === undefined) continue;
    const quotes = [...finding.quotes, ...gapQuotes(evidence)];
    return { ...finding, quotes, determined: finding.confidence >= DETERMINED };
  }
  return notDetermined(evidence, fault);
}

function notDetermined(evidence: Evidence, fault: FaultEvent): Diagnosis {
  const { kind, name, namespace } = fault.resource;
  const resource = describeResource(fault.resource);
  const gaps = piecesOf(evidence, 'gap');
  const warnings = piecesOf(evidence, 'events')
    .flatMap(({ command, events }) => events.map((event) => ({ command, event })))
    .filter(({ event }) => event.type === 'Warning')
    .map(({ command, event }) => ({ command, event, reason: event.reason ?? '', message: event.message ?? '' }));
  const looked = evidence.pieces.length - gaps.length;
  const isGone = gaps.some(({ code, command }) => code === 'not_found' && command === evidence.pieces[0]?.command);
  const target = namespace === undefined ? name : `-n ${namespace} ${name}`;
  return {
    title: `Not determined: ${plain(fault.faultType)} of ${plain(resource)}`,
    summary: `The built-in rules do not explain this fault. They looked at ${looked} pieces of evidence${gaps.length > 0 ? `; ${gaps.length} more could not be read` : ''}.`,
    rootCause: [
      'Not determined.',
      isGone ? `The ${kind} ${code(name)} no longer exists, so only what outlives it could be looked at.` : '',
      gaps.length > 0 ? `Missing: ${gaps.map(({ command }) => code(command)).join(', ')}.` : '',
      fault.context ? `The fault as it was reported: ${code(fault.context, 500)}` : '',
    ]
      .filter(Boolean)
      .join(' '),
    confidence: 10,
    determined: false,
    quotes: [
      ...quoteEvents(warnings),
      {
        command: 'looked at',
        text:
          evidence.pieces
            .filter(({ type }) => type !== 'gap')
            .map((piece) => piece.command)
            .join('\n') || 'nothing',
      },
      ...gapQuotes(evidence),
    ],
    recommendations: [
      `Look at it as it is now: ${show`kubectl describe ${kind.toLowerCase()} ${target}`}`,
      ...(namespace === undefined
        ? []
        : [`Look at what happened around it: ${show`kubectl get events -n ${namespace} --sort-by=.lastTimestamp`}`]),
      ...(gaps.some((gap) => gap.code === 'forbidden')
        ? ['Give the triage kubeconfig the read permissions that are named as missing above.']
        : []),
    ],
  };
}

/** What could not be read belongs into the report: it bounds what the report can know. */
function gapQuotes(evidence: Evidence): Quote[] {
  return piecesOf(evidence, 'gap').map(({ command, code, reason }) => ({
    command,
    text: `not read (${code}): ${reason}`,
  }));
}
