import { piecesOf, type Evidence, type ObjectPiece } from '../../evidence/evidence.ts';
import { isKind } from '../../evidence/kubernetes-object.ts';
import { podTrouble } from '../../evidence/pod-trouble.ts';
import { speaksOfUnreachable } from '../../evidence/collect/service-names.ts';
import type { Quote } from '../diagnosis.ts';
import { code, plain, show } from '../safe-text.ts';

/** What is wrong with a service that an application depends on. */
export interface DependencyTrouble {
  /** For a heading. */
  title: string;
  text: string;
  quotes: Quote[];
  recommendations: string[];
}

/**
 * The trouble of a Service that the application says it cannot reach: nothing runs behind it, or nothing that is ready.
 * Nothing when the evidence holds no such Service, or one that is well.
 */
export function dependencyBehind(evidence: Evidence, complaint: string): DependencyTrouble | undefined {
  if (!speaksOfUnreachable(complaint)) return undefined;
  const pieces = piecesOf(evidence, 'object').filter(({ role }) => role === 'dependency');
  const services = pieces.filter(({ object }) => isKind(object, 'Service'));
  const named = services.find((service) => isNamedIn(service, complaint));
  // A complaint that names no address may be about any of several services: then nothing is said.
  const service = named ?? (services.length === 1 ? services[0] : undefined);
  if (service === undefined) return undefined;
  return troubleBehind(service, pieces.slice(pieces.indexOf(service) + 1));
}

/** The pieces behind a Service follow it in the evidence, up to the next Service. */
function troubleBehind(service: ObjectPiece, following: ObjectPiece[]): DependencyTrouble | undefined {
  const next = following.findIndex(({ object }) => isKind(object, 'Service'));
  const behind = next === -1 ? following : following.slice(0, next);
  const { name = '', namespace = 'default' } = service.object.metadata ?? {};
  const asleep = behind.find(({ object }) => replicasOf(object) === 0);
  if (asleep !== undefined) {
    const { kind = '', metadata } = asleep.object;
    const workload = metadata?.name ?? '';
    return {
      title: `${plain(name)} is scaled to 0 replicas`,
      text: `The ${kind} ${code(workload)} behind the Service ${code(name)} is scaled to 0 replicas, so nothing answers there.`,
      quotes: [{ command: asleep.command, text: 'spec.replicas: 0' }],
      recommendations: [
        `Scale it up again: ${show`kubectl scale -n ${namespace} ${`${kind.toLowerCase()}/${workload}`} --replicas=1`} (or as many as it had), after finding out who scaled it down and why.`,
      ],
    };
  }
  const pods = behind.flatMap(({ object }) => (isKind(object, 'Pod') ? [object] : []));
  if (pods.some((pod) => podTrouble(pod) === 0)) return undefined;
  const state = pods.length === 0 ? 'no pods' : 'no ready pods';
  return {
    title: `${plain(name)} has ${state}`,
    text: `The Service ${code(name)} has ${state} behind it.`,
    quotes: [{ command: service.command, text: `spec.selector matches ${state}` }],
    recommendations: [
      `Mend what is behind the Service first: ${show`kubectl get endpointslices -n ${namespace} -l ${`kubernetes.io/service-name=${name}`}`}`,
    ],
  };
}

function isNamedIn({ object }: ObjectPiece, text: string): boolean {
  const clusterIP = isKind(object, 'Service') ? object.spec?.clusterIP : undefined;
  const names = [object.metadata?.name, clusterIP].filter((word) => word !== undefined && word !== 'None');
  return names.some((word) => text.split(/[^\w.-]+/).some((part) => part === word || part.startsWith(`${word}.`)));
}

function replicasOf(object: ObjectPiece['object']): number | undefined {
  return isKind(object, 'StatefulSet') || isKind(object, 'Deployment') ? (object.spec?.replicas ?? 1) : undefined;
}
