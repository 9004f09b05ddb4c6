import { piecesOf } from '../../evidence/evidence.ts';
import { confidence, type Quote } from '../diagnosis.ts';
import { quoteContainer, quoteEvents, type PodCase } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

/** What a pod lacks before its containers can be created. */
interface Missing {
  kind: 'ConfigMap' | 'Secret';
  name: string;
  key?: string;
}

/** A ConfigMap, a Secret or a key in one that a container needs is not there. */
export const missingConfig: PodRule = {
  name: 'missing-config',
  applies(podCase) {
    const { name, namespace } = podCase;
    const container = podCase.containers.find(
      ({ status }) => status.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    const starting = podCase.containers.some(({ status }) => status.state?.waiting?.reason === 'ContainerCreating');
    const failures = podCase.events.filter(
      ({ reason, message }) => (reason === 'Failed' || reason === 'FailedMount') && findMissing(message) !== undefined,
    );
    // A mount that failed in the past is no trouble of a container that has started since.
    if (container === undefined && !(starting && failures.some(({ reason }) => reason === 'FailedMount')))
      return undefined;

    const said = container?.status.state?.waiting?.message ?? failures[0]?.message ?? '';
    const missing = findMissing(said) ?? findMissing(failures[0]?.message ?? '');
    const existence = missing?.kind === 'ConfigMap' ? existenceOf(podCase, missing.name) : undefined;
    const what = missing ? describe(missing) : 'something that its configuration refers to';
    const target = container ? `Container ${code(container.name)}` : 'The pod';
    return {
      title: missing
        ? `Pod ${plain(name)} cannot start: ${missing.kind} ${plain(missing.name)}${missing.key ? ` lacks the key ${plain(missing.key)}` : ' does not exist'}`
        : `Pod ${plain(name)} cannot start: its configuration is invalid`,
      summary: `${target} of ${code(name)} cannot be created, because it needs ${what}.`,
      rootCause: missing
        ? `${missing.key ? `The ${missing.kind} ${code(missing.name)} in the namespace ${code(namespace)} has no key ${code(missing.key)}` : `The ${missing.kind} ${code(missing.name)}, which the pod refers to, does not exist in the namespace ${code(namespace)}`}. The kubelet says: ${code(said)}.`
        : `The kubelet cannot create the container: ${code(said)}`,
      confidence: confidence(
        missing ? 80 : 55,
        container !== undefined && failures.length > 0,
        existence?.agrees === true,
      ),
      quotes: [
        ...(container ? [quoteContainer(podCase, container)] : []),
        ...quoteEvents(failures),
        ...(existence ? [existence.quote] : []),
      ],
      recommendations: missing
        ? advice(missing, podCase)
        : [`Read the whole message: ${show`kubectl describe pod -n ${namespace} ${name}`}`],
    };
  },
};

function findMissing(message: string): Missing | undefined {
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^/\s]+\/)?([\w.-]+)/.exec(message);
  if (key?.[1] && key[3]) return { kind: key[2] === 'Secret' ? 'Secret' : 'ConfigMap', name: key[3], key: key[1] };
  const object = /(configmap|secret) "([^"\s]+)" not found/i.exec(message);
  if (object?.[2]) return { kind: object[1]?.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap', name: object[2] };
  const reference = /references non-existent (config|secret) key: ([\w.-]+)/.exec(message);
  const volume = /MountVolume\.SetUp failed for volume "([^"]+)"/.exec(message)?.[1];
  if (!reference?.[2] || volume === undefined) return undefined;
  return { kind: reference[1] === 'secret' ? 'Secret' : 'ConfigMap', name: volume, key: reference[2] };
}

function describe({ kind, name, key }: Missing): string {
  return key ? `the key ${code(key)} of the ${kind} ${code(name)}` : `the ${kind} ${code(name)}, which does not exist`;
}

function existenceOf({ evidence, namespace }: PodCase, name: string): { quote: Quote; agrees: boolean } | undefined {
  const piece = piecesOf(evidence, 'existence').find((it) => it.name === name && it.namespace === namespace);
  if (piece === undefined) return undefined;
  const text = piece.exists ? `configmap/${name}` : `Error from server (NotFound): configmaps "${name}" not found`;
  return { quote: { command: piece.command, text }, agrees: !piece.exists };
}

function advice({ kind, name, key }: Missing, { namespace, name: pod }: PodCase): string[] {
  const resource = kind.toLowerCase();
  return [
    key
      ? `Add the key ${code(key)} to the ${kind} ${code(name)} in ${code(namespace)}, or correct the key that the pod asks for.`
      : `Create the ${kind} ${code(name)} in the namespace ${code(namespace)}, or correct the name that the workload refers to.`,
    `See what there is: ${show`kubectl get ${resource}s -n ${namespace}`}`,
    `See where the pod refers to it: ${show`kubectl get pod -n ${namespace} ${pod} -o yaml`}`,
    'If it came with a release or a sync, see whether that was applied in full. The kubelet tries again by itself.',
  ];
}
