import type { CoreV1Event } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import { piecesOf, type Alert, type EvidencePiece, type LogPiece, type MetricsPiece } from '../evidence.ts';
import type { FieldOwner } from '../field-owners.ts';
import { kubectl } from '../kubectl-command.ts';
import { isKind, type Kinds, type KubernetesObject } from '../kubernetes-object.ts';
import { kubectlName } from '../resource-type.ts';

/** An event of an object. */
export interface SeenEvent {
  event: Wire<CoreV1Event>;
  reason: string;
  message: string;
  /** Milliseconds since 1970 of its last occurrence. */
  at: number;
  count: number;
  /** The command that shows it. */
  command: string;
}

/** What is known of a ConfigMap; none of its values. */
export interface KnownConfigMap {
  exists: boolean;
  keys?: string[];
  changedBy?: FieldOwner[];
  command: string;
}

type Item<Kind extends keyof Kinds> = Wire<Kinds[Kind]>;

/** The evidence as objects by kind and name. Built once, read by all rules; nothing in it changes. */
export class ClusterView {
  /** When the evidence was collected, milliseconds since 1970. */
  readonly now: number;
  readonly alerts: readonly Alert[];
  readonly metrics: readonly MetricsPiece[];
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #events = new Map<string, SeenEvent[]>();
  readonly #logs = new Map<string, LogPiece>();
  readonly #configMaps = new Map<string, KnownConfigMap>();
  readonly #complete = new Set<string>();

  constructor({ collectedAt, pieces }: { collectedAt: string; pieces: readonly EvidencePiece[] }) {
    this.now = Date.parse(collectedAt) || 0;
    this.alerts = piecesOf({ pieces }, 'alerts').flatMap(({ alerts }) => alerts);
    this.metrics = piecesOf({ pieces }, 'metrics');
    for (const list of piecesOf({ pieces }, 'list')) {
      if (!list.truncated) this.#complete.add(`${list.kind}/${list.namespace ?? ''}`);
      for (const object of list.objects) {
        if (isKind(object, 'Event')) this.#addEvent(object, list.command);
        else this.#add(object);
      }
    }
    for (const { object } of piecesOf({ pieces }, 'object')) this.#add(object);
    for (const { events, command, about } of piecesOf({ pieces }, 'events')) {
      for (const event of events) this.#addEvent({ involvedObject: about, ...event }, command);
    }
    for (const events of this.#events.values()) events.sort((a, b) => b.at - a.at);
    for (const log of piecesOf({ pieces }, 'log')) {
      this.#logs.set(logKey(log.namespace, log.pod, log.container, log.previous), log);
    }
    for (const { namespace, name, exists, keys, command, changedBy } of piecesOf({ pieces }, 'existence')) {
      this.#configMaps.set(`${namespace}/${name}`, {
        exists,
        ...(keys && { keys }),
        ...(changedBy && { changedBy }),
        command,
      });
    }
  }

  /** All objects of a kind, in a namespace if given. */
  all<Kind extends keyof Kinds>(kind: Kind, namespace?: string): Item<Kind>[] {
    return [...(this.#objects.get(kind)?.values() ?? [])].filter(
      (object): object is Item<Kind> =>
        isKind(object, kind) && (namespace === undefined || object.metadata?.namespace === namespace),
    );
  }

  get<Kind extends keyof Kinds>(kind: Kind, name: string | undefined, namespace?: string): Item<Kind> | undefined {
    const object = this.#objects.get(kind)?.get(`${namespace ?? ''}/${name}`);
    return object && isKind(object, kind) ? object : undefined;
  }

  /** An object whose kind is known only at run time. */
  find(kind: string, name: string, namespace?: string): KubernetesObject | undefined {
    return this.#objects.get(kind)?.get(`${namespace ?? ''}/${name}`);
  }

  /** Whether all objects of the kind were read, so that one that is not here does not exist. */
  isComplete(kind: keyof Kinds, namespace?: string): boolean {
    return this.#complete.has(`${kind}/${namespace ?? ''}`);
  }

  /** The events of an object, the newest first. */
  eventsAbout(kind: string, name: string, namespace?: string): SeenEvent[] {
    return this.#events.get(`${kind}/${namespace ?? ''}/${name}`) ?? [];
  }

  /** The events of all objects of a kind, the newest first for each object. */
  eventsOfKind(kind: string): SeenEvent[] {
    return [...this.#events].flatMap(([key, events]) => (key.startsWith(`${kind}/`) ? events : []));
  }

  log(namespace: string, pod: string, container: string, previous: boolean): LogPiece | undefined {
    return this.#logs.get(logKey(namespace, pod, container, previous));
  }

  /** What is known of a ConfigMap that was asked for; nothing when it was not. */
  configMap(namespace: string, name: string): KnownConfigMap | undefined {
    return this.#configMaps.get(`${namespace}/${name}`);
  }

  #add(object: KubernetesObject): void {
    const { kind = '', metadata } = object;
    const ofKind = this.#objects.get(kind) ?? new Map<string, KubernetesObject>();
    ofKind.set(`${metadata?.namespace ?? ''}/${metadata?.name}`, object);
    this.#objects.set(kind, ofKind);
  }

  #addEvent(event: Wire<CoreV1Event>, command: string): void {
    const { involvedObject, reason = '', message = '', series } = event;
    // An event about an object of the cluster stands in the namespace default.
    const namespace = involvedObject?.namespace ?? '';
    const key = `${involvedObject?.kind}/${namespace}/${involvedObject?.name}`;
    const events = this.#events.get(key) ?? [];
    const uid = event.metadata?.uid ?? event.metadata?.name;
    if (uid !== undefined && events.some((known) => (known.event.metadata?.uid ?? known.event.metadata?.name) === uid))
      return;
    const count = series?.count ?? event.count ?? 1;
    events.push({ event, reason, message: message.trim(), at: eventTime(event), count, command });
    this.#events.set(key, events);
  }
}

/** The command that shows an object. */
export function commandFor(object: KubernetesObject): string {
  const { kind = '', apiVersion = 'v1', metadata } = object;
  const scope = metadata?.namespace === undefined ? [] : ['-n', metadata.namespace];
  return kubectl('get', kubectlName({ kind, apiVersion }), ...scope, metadata?.name ?? '', '-o', 'yaml');
}

/** Milliseconds since 1970 of an event's last occurrence; 0 when it does not say. */
export function eventTime(event: Wire<CoreV1Event>): number {
  const { series, lastTimestamp, eventTime, firstTimestamp, metadata } = event;
  const time =
    series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata?.creationTimestamp ?? '';
  return Date.parse(time) || 0;
}

function logKey(namespace: string, pod: string, container: string, previous: boolean): string {
  return `${namespace}/${pod}/${container}/${previous}`;
}
