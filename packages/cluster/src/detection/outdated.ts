import { isDeepStrictEqual } from 'node:util';
import { type ObjectName, nameKey } from './objects/cluster-objects.ts';
import { objectId } from './freshness.ts';
import {
  type AnyObject,
  type Node,
  type Pod,
  type Replicated,
  type WarningEvent,
  type WatchedKind,
  watchedKindOf,
} from './objects/kinds.ts';
import { conditionOf } from './symptom.ts';

/** What a change of a namespace's objects makes outdated, beside its suspects and Services. */
interface Namespace {
  /** Workloads that name the address of a Service. */
  addresses: boolean;
  jobs: boolean;
}

/**
 * What has to be judged again, because its symptoms depend on other objects that have changed: a Service on pods and
 * workloads, a workload on the Services that it names, a pod on its node, an Event on its object. A change that no symptom
 * depends on, such as that of a pod's state, leaves nothing outdated.
 */
export class Outdated {
  /** Whether everything is. */
  all = false;
  readonly namespaces = new Map<string, Namespace>();
  /** Names of nodes whose pods are. */
  readonly nodes = new Set<string>();
  readonly events = new Set<ObjectName>();
  /** Events by the object that they are about. */
  readonly #eventsAbout = new Map<string, Map<string, ObjectName>>();

  /** Notes that an object is new, has changed, or no longer exists. */
  note(kind: WatchedKind, name: ObjectName, before: AnyObject | undefined, after: AnyObject | undefined): void {
    if (kind === 'events') {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- objects of this kind are Events
      this.#noteEvent(name, before as WarningEvent | undefined, after as WarningEvent | undefined);
      return;
    }
    for (const event of this.#eventsAbout.get(objectId(kind, name))?.values() ?? []) this.events.add(event);
    if (!concernsOthers(kind, before, after)) return;
    if (kind === 'nodes') {
      this.nodes.add(name.name);
      return;
    }
    const namespace = this.#namespace(name);
    if (kind !== 'pods' && kind !== 'cronjobs') namespace.addresses = true;
    if (kind === 'cronjobs') namespace.jobs = true;
  }

  clear(): void {
    this.all = false;
    this.namespaces.clear();
    this.nodes.clear();
    this.events.clear();
  }

  #namespace({ namespace }: ObjectName): Namespace {
    const known = this.namespaces.get(namespace ?? '');
    if (known) return known;
    const added = { addresses: false, jobs: false };
    this.namespaces.set(namespace ?? '', added);
    return added;
  }

  #noteEvent(name: ObjectName, before: WarningEvent | undefined, after: WarningEvent | undefined): void {
    const [old, about] = [subjectOf(before), subjectOf(after)];
    if (old !== undefined && old !== about) {
      const events = this.#eventsAbout.get(old);
      events?.delete(nameKey(name));
      if (events?.size === 0) this.#eventsAbout.delete(old);
    }
    if (about === undefined) return;
    const events = this.#eventsAbout.get(about) ?? new Map<string, ObjectName>();
    events.set(nameKey(name), { namespace: name.namespace, name: name.name });
    this.#eventsAbout.set(about, events);
  }
}

function subjectOf(event: WarningEvent | undefined): string | undefined {
  const kind = event && watchedKindOf(event.involvedObject.kind);
  return kind && objectId(kind, event.involvedObject);
}

/** Whether the symptoms of other objects depend on what has changed of an object. */
function concernsOthers(kind: WatchedKind, before: AnyObject | undefined, after: AnyObject | undefined): boolean {
  /* oxlint-disable typescript/no-unsafe-type-assertion -- the kind says which objects they are */
  if (kind === 'nodes') return isLost(before as Node | undefined) !== isLost(after as Node | undefined);
  if (!before || !after) return true;
  if (!isDeepStrictEqual(before.metadata.ownerReferences, after.metadata.ownerReferences)) return true;
  if (before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp) return true;
  switch (kind) {
    case 'pods':
      return !isSameEndpoint(before as Pod, after as Pod);
    case 'deployments':
    case 'replicasets':
    case 'statefulsets':
    case 'daemonsets':
    case 'services':
      return !isDeepStrictEqual((before as Replicated).spec, (after as Replicated).spec);
    case 'cronjobs':
      return true;
    default:
      return false;
  }
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

function isSameEndpoint(before: Pod, after: Pod): boolean {
  return (
    before.spec?.nodeName === after.spec?.nodeName &&
    hasEnded(before) === hasEnded(after) &&
    isDeepStrictEqual(before.metadata.labels, after.metadata.labels)
  );
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function isLost(node: Node | undefined): boolean {
  return (conditionOf(node?.status?.conditions, 'Ready')?.status ?? 'True') !== 'True';
}
