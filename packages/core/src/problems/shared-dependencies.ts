import type { FaultEvent } from '../faults/fault.ts';
import { familyOfType } from './symptom-table.ts';

/** Objects that a message names as missing: `configmap "app" not found`. */
const NAMED =
  /\b(?<kind>configmap|secret|persistentvolumeclaim|serviceaccount|storageclass)(?:\.[a-z0-9.]{1,40})? "(?<name>[^"\s]{1,253})"/gi;
/** `couldn't find key url in ConfigMap shop/app` */
const KEY_OF = /\bin (?<kind>ConfigMap|Secret) [^\s/]{1,253}\/(?<name>[^\s/,;]{1,253})/g;
const QUOTA = /exceeded quota: (?<name>[a-z0-9.-]{1,253})/g;
const WEBHOOK = /failed calling webhook "(?<name>[^"\s]{1,253})"/g;
const IMAGE = /\bimage "(?<image>[^"\s]{1,1000})"/i;

/** Kinds that no namespace has. */
const OF_CLUSTER = new Set(['storageclass', 'webhook', 'registry']);
const DEFAULT_REGISTRY = 'docker.io';
const MOST = 3;

/** What several workloads can depend on. */
interface Dependency {
  /** In lower case; `registry` and `webhook`, too. */
  kind: string;
  name: string;
}

/** Returns what a fault says that its workload lacks, as `<kind>/<namespace>/<name>`; the namespace is empty for what belongs to none. */
export function sharedDependencies({ context = '', faultType, resource }: FaultEvent): string[] {
  const found: Dependency[] = [
    ...[...context.matchAll(NAMED), ...context.matchAll(KEY_OF)].map(({ groups }) => ({
      kind: (groups?.kind ?? '').toLowerCase(),
      name: groups?.name ?? '',
    })),
    ...[...context.matchAll(QUOTA)].map(({ groups }) => ({ kind: 'resourcequota', name: groups?.name ?? '' })),
    ...[...context.matchAll(WEBHOOK)].map(({ groups }) => ({ kind: 'webhook', name: groups?.name ?? '' })),
    ...(familyOfType(faultType) === 'image' ? registryIn(context) : []),
  ];
  const names = found.map(({ kind, name }) => {
    const namespace = OF_CLUSTER.has(kind) ? '' : (resource.namespace ?? '');
    return `${kind}/${namespace}/${name}`;
  });
  return [...new Set(names)].slice(0, MOST);
}

/** Returns the kind and the name of a dependency. */
export function parseDependency(dependency: string): Dependency {
  const [kind = '', , ...name] = dependency.split('/');
  return { kind, name: name.join('/') };
}

function registryIn(context: string): Dependency[] {
  const image = IMAGE.exec(context)?.groups?.image;
  if (image === undefined) return [];
  const [first = '', rest] = image.split('/', 2);
  const isHost = rest !== undefined && (/[.:]/.test(first) || first === 'localhost');
  return [{ kind: 'registry', name: isHost ? first : DEFAULT_REGISTRY }];
}
