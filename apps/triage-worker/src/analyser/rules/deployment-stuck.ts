import { piecesOf, type Evidence } from '../../evidence/evidence.ts';
import { isKind, isWorkload } from '../../evidence/kubernetes-object.ts';
import { confidence, type Finding } from '../diagnosis.ts';
import { eventsAbout, quoteEvents, type CaseEvent } from '../pod-case.ts';
import type { Rule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';
import { podInTrouble } from './pod-in-trouble.ts';

/** Why a controller may not create a pod. */
const REFUSALS = [
  {
    pattern: /exceeded quota: ([\w.-]+)/,
    cause: 'the quota of the namespace is used up',
    advice: 'Raise the ResourceQuota, free what others use in the namespace, or let the pods request less.',
  },
  {
    pattern: /must specify (limits|requests)/,
    cause: 'the quota demands requests and limits that the pods do not give',
    advice: 'Give the containers requests and limits, or the namespace a LimitRange with defaults.',
  },
  {
    pattern: /(?:maximum|minimum) (?:memory|cpu|.*storage) usage per/,
    cause: "the pods' requests or limits are beyond the namespace's LimitRange",
    advice: 'Keep requests and limits within the LimitRange, or change it.',
  },
  {
    pattern: /violates PodSecurity/,
    cause: "the pods violate the namespace's Pod Security level",
    advice: 'Change the securityContext as the message says, or the level of the namespace.',
  },
  {
    pattern: /serviceaccount "?[\w./-]+"? not found/i,
    cause: 'their service account does not exist',
    advice: 'Create the service account, or correct its name in the workload.',
  },
  {
    pattern: /admission webhook|failed calling webhook/,
    cause: 'an admission webhook refuses them, or cannot be asked',
    advice: 'Look at the webhook that the message names, and at the service behind it.',
  },
];

/** A workload that does not get the pods it wants: refused by the API server, or in trouble themselves. */
export const deploymentStuck: Rule = {
  name: 'deployment-stuck',
  applies(evidence, fault) {
    const piece = piecesOf(evidence, 'object').find(({ role }) => role === 'resource');
    if (piece === undefined || !isWorkload(piece.object) || isKind(piece.object, 'Job')) return undefined;
    const { object, command } = piece;
    const { kind = 'Workload', metadata } = object;
    const { name = '', namespace = 'default' } = metadata ?? {};
    const conditions = isKind(object, 'Deployment') ? (object.status?.conditions ?? []) : [];
    const stuck = conditions.find(({ reason, status }) => reason === 'ProgressDeadlineExceeded' && status === 'False');
    const cause = refusal(evidence, namespace) ?? podInTrouble.applies(evidence, fault);
    if (cause === undefined && stuck === undefined) return undefined;
    const events = eventsAbout(evidence, kind, name).filter(({ event }) => event.type === 'Warning');
    const state = stuck
      ? 'has not progressed within its deadline (ProgressDeadlineExceeded)'
      : 'does not get the pods it wants';
    const told = conditions.map(({ type, status, reason, message }) => `${type}: ${status} (${reason}) ${message}`);
    return {
      title: `${kind} ${plain(name)} ${stuck ? 'is stuck' : 'is in trouble'}${cause ? `: ${cause.title}` : ''}`,
      summary: `The ${kind} ${code(name)} ${state}.${cause ? ` ${cause.summary}` : ''}`,
      rootCause:
        cause?.rootCause ??
        `The rollout does not progress, but neither its ReplicaSet nor its pods in the evidence show why. The controller says: ${code(stuck?.message ?? '')}.`,
      confidence: cause ? confidence(cause.confidence - 4, stuck !== undefined) : 30,
      quotes: [
        ...(told.length > 0 ? [{ command, text: told.join('\n') }] : []),
        ...quoteEvents(events),
        ...(cause?.quotes ?? []),
      ],
      recommendations: [
        ...(cause?.recommendations ?? []),
        ...(kind === 'Deployment'
          ? [
              `Follow the rollout: ${show`kubectl rollout status -n ${namespace} deployment/${name}`}; if the release is at fault, go back to the last revision that worked (${show`kubectl rollout history -n ${namespace} deployment/${name}`}).`,
            ]
          : [`See its pods: ${show`kubectl get pods -n ${namespace} -o wide`}`]),
      ],
    };
  },
};

/** The API server refuses the pods: they never come to be. */
function refusal(evidence: Evidence, namespace: string): Finding | undefined {
  const sets = piecesOf(evidence, 'object').filter(({ object }) => isWorkload(object) && !isKind(object, 'Job'));
  const events: CaseEvent[] = sets.flatMap(({ object }) =>
    eventsAbout(evidence, object.kind ?? '', object.metadata?.name ?? '').filter(
      ({ reason }) => reason === 'FailedCreate',
    ),
  );
  const conditions = sets.flatMap(({ object, command }) =>
    isKind(object, 'Deployment') || isKind(object, 'ReplicaSet')
      ? (object.status?.conditions ?? [])
          .filter(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
          .map(({ message = '' }) => ({ message, command }))
      : [],
  );
  // An event may be of a time before it worked; the condition says that it is so now.
  const [condition] = conditions;
  const hasPods = evidence.pieces.some((piece) => piece.type === 'object' && piece.object.kind === 'Pod');
  const said = condition?.message ?? (hasPods ? undefined : events[0]?.message);
  if (said === undefined) return undefined;
  const known = REFUSALS.find(({ pattern }) => pattern.test(said));
  const quota = /exceeded quota: ([\w.-]+), requested: (.+?), used: (.+?), limited: ([^\s]+)/.exec(said);
  return {
    title: `its pods cannot be created${known ? `: ${known.cause}` : ''}`,
    summary: `The API server refuses to create its pods${known ? `: ${known.cause}` : ''}.`,
    rootCause: [
      quota?.[1]
        ? `The ResourceQuota ${code(quota[1])} of the namespace ${code(namespace)} is used up: requested ${code(quota[2] ?? '')}, used ${code(quota[3] ?? '')}, limited to ${code(quota[4] ?? '')}.`
        : `The API server refuses to create the pods${known ? `, because ${known.cause}` : ''}.`,
      `The controller says: ${code(said, 500)}.`,
    ].join(' '),
    confidence: confidence(known ? 78 : 60, condition !== undefined, events.length > 0),
    quotes: [...(condition ? [{ command: condition.command, text: condition.message }] : []), ...quoteEvents(events)],
    recommendations: [
      ...(known ? [known.advice] : []),
      ...(quota
        ? [`See how much is used: ${show`kubectl describe resourcequota -n ${namespace} ${quota[1] ?? ''}`}`]
        : []),
    ],
  };
}
