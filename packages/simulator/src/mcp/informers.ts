import { textAt, type KubernetesObject } from '../kubernetes/objects/kubernetes-object.ts';
import type { Change, ObjectStore } from '../kubernetes/objects/object-store.ts';
import { findByKind } from '../kubernetes/objects/resource-types.ts';
import { detectedFaults } from './fault-detectors.ts';
import type { McpEndpoint } from './mcp-endpoint.ts';
import { eventNotification, occurrenceOf, occurrenceOfEvent } from './notification.ts';

/**
 * The informers of an event-emitting MCP server: they follow the objects of the cluster, and what they see is pushed to those
 * who are subscribed at that moment. States: `live` ⇄ `paused` (the API server is unreachable; they compare when it is back),
 * and `dead` (the API server refused their token): dead informers push nothing and give no sign.
 */
export class Informers {
  readonly #store: ObjectStore;
  readonly #mcp: McpEndpoint;
  readonly #cluster: string;
  #state: 'live' | 'paused' | 'dead' = 'live';
  /** By uid: what objects were like before changes that the informers have not seen yet. */
  readonly #unseen = new Map<string, Change>();
  /** Notifications of faults that were sent. */
  delivered = 0;

  /** @param cluster what the server calls the cluster */
  constructor(store: ObjectStore, mcp: McpEndpoint, cluster: string) {
    this.#store = store;
    this.#mcp = mcp;
    this.#cluster = cluster;
    store.watch((change) => this.#see(change));
  }

  pause(): void {
    if (this.#state === 'live') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'live';
    const unseen = [...this.#unseen.values()];
    this.#unseen.clear();
    for (const { resourceType, object, before } of unseen) {
      const { namespace, name } = object.metadata;
      const present = this.#store.get(resourceType, namespace, name);
      if (present) this.#push(before, present);
    }
  }

  die(): void {
    this.#state = 'dead';
    this.#unseen.clear();
  }

  /** New informers begin with the objects as they are: what changed before is never pushed. */
  restart(): void {
    this.#state = 'live';
    this.#unseen.clear();
  }

  #see(change: Change): void {
    if (change.type === 'DELETED' || this.#state === 'dead') return;
    const uid = change.object.metadata.uid ?? '';
    if (this.#state === 'live') this.#push(change.before, change.object);
    else if (!this.#unseen.has(uid)) this.#unseen.set(uid, change);
  }

  #push(before: KubernetesObject | undefined, object: KubernetesObject): void {
    if (object.kind === 'Event') {
      const about = occurrenceOfEvent(object, this.#involvedObject(object));
      this.#mcp.publish('events', { event: eventNotification(object) }, about);
      return;
    }
    for (const fault of detectedFaults(this.#cluster, before, object, new Date())) {
      this.delivered += this.#mcp.publish('faults', fault, occurrenceOf(object));
    }
  }

  #involvedObject(event: KubernetesObject): KubernetesObject | undefined {
    const type = findByKind(textAt(event, 'involvedObject.apiVersion'), textAt(event, 'involvedObject.kind'));
    const namespace = textAt(event, 'involvedObject.namespace') || undefined;
    return type && this.#store.get(type, namespace, textAt(event, 'involvedObject.name'));
  }
}
