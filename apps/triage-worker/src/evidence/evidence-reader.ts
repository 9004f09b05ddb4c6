import type { Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import { isClusterAway, KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import type { WireList } from '@nightcrier/cluster/kubernetes/wire';
import type { CoreV1Event } from '@kubernetes/client-node';
import type {
  EventsPiece,
  EvidenceGap,
  ExistencePiece,
  ListPiece,
  LogPiece,
  ObjectPiece,
  ObjectRole,
  Provenance,
} from './evidence.ts';
import { fieldOwners } from './field-owners.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { kubectl } from './kubectl-command.ts';
import { builtInType, findResourceType, kubectlName, pathOf, type ResourceType } from './resource-type.ts';

/** Names an object; `apiVersion` as far as it is known. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
}

const LOG_LINES = 200;
const LOG_BYTES = 64 * 1024;
const EVENTS = 100;
const LIST_PAGE = 500;
/** A copy of the object, as long as the object. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Reads single pieces of evidence. A failed request gives a gap. It throws only if the whole cluster is unreachable, or too
 * busy to return the resource at fault: then the other requests would fail too.
 * @throws KubernetesError `unreachable` or `credentials`, or the signal's reason
 */
export class EvidenceReader {
  readonly #kubernetes: Kubernetes;
  readonly #now: () => Date;
  readonly #signal: AbortSignal | undefined;

  constructor(kubernetes: Kubernetes, now: () => Date, signal: AbortSignal | undefined) {
    this.#kubernetes = kubernetes;
    this.#now = now;
    this.#signal = signal;
  }

  async object(role: ObjectRole, reference: ObjectReference): Promise<ObjectPiece | EvidenceGap> {
    const { name, namespace } = reference;
    const command = kubectl('get', kubectlName(reference), ...inNamespace(namespace), name, '-o', 'yaml');
    return this.#piece<ObjectPiece>(
      command,
      async (provenance) => {
        const type = await findResourceType(this.#kubernetes, reference, this.#signal);
        const path = pathOf(type, namespace, name);
        const object = await this.#kubernetes.get<ApiObject>(path, { signal: this.#signal });
        return { ...provenance, type: 'object', role, object: withKind(object, type) };
      },
      role === 'resource',
    );
  }

  /** All objects of a type, in a namespace or with labels if given; or the gap. */
  async list(
    role: ObjectRole,
    type: ResourceType,
    { namespace, selector }: { namespace?: string; selector?: string } = {},
  ): Promise<ObjectPiece[] | EvidenceGap> {
    const labels = selector === undefined ? [] : ['-l', selector];
    const command = kubectl('get', kubectlName(type), ...inNamespace(namespace), ...labels, '-o', 'yaml');
    const query = { ...(selector !== undefined && { labelSelector: selector }), limit: LIST_PAGE };
    const path = pathOf(type, namespace);
    return this.#piece<ObjectPiece[]>(command, async (provenance) => {
      const list = await this.#kubernetes.get<WireList<ApiObject>>(path, { query, signal: this.#signal });
      return (list.items ?? []).map((object) => {
        const { name = '' } = object.metadata ?? {};
        const own = kubectl('get', kubectlName(type), ...inNamespace(namespace), name, '-o', 'yaml');
        return { ...provenance, command: own, type: 'object', role, object: withKind(object, type) };
      });
    });
  }

  /** A page of all objects of a kind, in a namespace if given. */
  async listing(
    type: ResourceType,
    { namespace, fieldSelector }: { namespace?: string | undefined; fieldSelector?: string } = {},
  ): Promise<ListPiece | EvidenceGap> {
    const scope = type.namespaced && namespace === undefined ? ['-A'] : inNamespace(namespace);
    const fields = fieldSelector === undefined ? [] : ['--field-selector', fieldSelector];
    const command = kubectl('get', kubectlName(type), ...scope, ...fields);
    const query = { ...(fieldSelector !== undefined && { fieldSelector }), limit: LIST_PAGE };
    return this.#piece<ListPiece>(command, async (provenance) => {
      const path = pathOf(type, namespace);
      const list = await this.#kubernetes.get<WireList<ApiObject>>(path, { query, signal: this.#signal });
      const objects = (list.items ?? []).map((object) => withKind(object, type));
      const truncated = (list.metadata?.continue ?? '') !== '';
      return {
        ...provenance,
        type: 'list',
        kind: type.kind,
        ...(namespace !== undefined && { namespace }),
        objects,
        truncated,
      };
    });
  }

  /** The newest events of an object. */
  async events(about: ObjectReference): Promise<EventsPiece | EvidenceGap> {
    const { kind, name, namespace } = about;
    const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
    const scope = namespace === undefined ? ['-A'] : ['-n', namespace];
    const command = kubectl('get', 'events', ...scope, '--field-selector', fieldSelector);
    const path = ['api', 'v1', ...(namespace === undefined ? [] : ['namespaces', namespace]), 'events'];
    const query = { fieldSelector, limit: LIST_PAGE };
    return this.#piece<EventsPiece>(command, async (provenance) => {
      const list = await this.#kubernetes.get<WireList<CoreV1Event>>(path, { query, signal: this.#signal });
      const events = (list.items ?? []).sort((a, b) => eventTime(b) - eventTime(a)).slice(0, EVENTS);
      for (const { metadata } of events) delete metadata?.managedFields;
      const subject = { kind, name, ...(namespace !== undefined && { namespace }) };
      return { ...provenance, type: 'events', about: subject, events };
    });
  }

  /** The end of a container's log; nothing when the container has no such run, which is no gap. */
  async log(
    namespace: string,
    pod: string,
    container: string,
    previous: boolean,
  ): Promise<LogPiece | EvidenceGap | undefined> {
    const flags = ['-c', container, `--tail=${LOG_LINES}`, ...(previous ? ['--previous'] : [])];
    const command = kubectl('logs', '-n', namespace, pod, ...flags);
    const path = ['api', 'v1', 'namespaces', namespace, 'pods', pod, 'log'];
    // The API's own limitBytes cuts off the end, and the end is what matters: read more, and cut here.
    const query = { container, previous, tailLines: LOG_LINES, limitBytes: 16 * LOG_BYTES };
    const piece = await this.#piece<LogPiece>(command, async (provenance) => {
      const text = await this.#kubernetes.getText(path, { query, accept: '*/*', signal: this.#signal });
      return { ...provenance, type: 'log', namespace, pod, container, previous, text: endOf(text) };
    });
    return piece.type === 'gap' && isMissingRun(piece) ? undefined : piece;
  }

  /**
   * Whether a ConfigMap is there. Without `withKeys` it asks for the metadata alone, so that no content leaves the
   * cluster; with it, only the names of the keys are kept.
   */
  async configMapExists(namespace: string, name: string, withKeys = false): Promise<ExistencePiece | EvidenceGap> {
    const command = kubectl('get', 'configmap', '-n', namespace, name, '-o', 'name');
    const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
    const piece = await this.#piece<ExistencePiece>(command, async (provenance) => {
      const {
        data = {},
        binaryData = {},
        metadata,
      } = await this.#kubernetes.get<ConfigMapObject>(['api', 'v1', 'namespaces', namespace, 'configmaps', name], {
        ...(!withKeys && { accept }),
        signal: this.#signal,
      });
      const keys = withKeys ? { keys: [...Object.keys(data), ...Object.keys(binaryData)] } : {};
      const changedBy = fieldOwners(metadata?.managedFields);
      const changed = changedBy.length > 0 ? { changedBy } : {};
      return {
        ...provenance,
        type: 'existence',
        kind: 'ConfigMap',
        namespace,
        name,
        exists: true,
        ...keys,
        ...changed,
      };
    });
    if (piece.type !== 'gap' || piece.code !== 'not_found') return piece;
    return { command, at: piece.at, type: 'existence', kind: 'ConfigMap', namespace, name, exists: false };
  }

  /** Usage by `metrics.k8s.io` of the pods of a namespace or of all nodes; nothing where the cluster does not serve it. */
  async usage(namespace?: string): Promise<ListPiece | EvidenceGap | undefined> {
    const piece = await this.listing(builtInType(namespace === undefined ? 'NodeMetrics' : 'PodMetrics'), {
      namespace,
    });
    if (piece.type === 'gap') return piece.code === 'not_found' || piece.code === 'forbidden' ? undefined : piece;
    const command =
      namespace === undefined ? kubectl('top', 'nodes') : kubectl('top', 'pods', '-n', namespace, '--containers');
    return { ...piece, command };
  }

  async #piece<Piece>(
    command: string,
    read: (provenance: Provenance) => Promise<Piece>,
    isDecisive = false,
  ): Promise<Piece | EvidenceGap> {
    const at = this.#now().toISOString();
    const provenance = { command, at };
    try {
      return await read(provenance);
    } catch (error) {
      if (!(error instanceof KubernetesError) || isClusterAway(error)) throw error;
      const { code, message, retryAfter } = error;
      const status = error.status ?? 0;
      if (isDecisive && (code === 'timeout' || status === 429 || status >= 500)) {
        throw new KubernetesError('unreachable', message, { status, retryAfter, cause: error });
      }
      return { ...provenance, type: 'gap', code, reason: message };
    }
  }
}

function inNamespace(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ['-n', namespace];
}

/** An object as the API server gives it. */
type ApiObject = Omit<KubernetesObject, 'changedBy'>;

interface ConfigMapObject {
  data?: object;
  binaryData?: object;
  metadata?: KubernetesObject['metadata'];
}

/** Kinds for which it matters who changed them; controllers write all others. */
const WRITTEN_BY_PEOPLE: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'Service',
  'Ingress',
  'NetworkPolicy',
  'HorizontalPodAutoscaler',
  'ResourceQuota',
  'LimitRange',
]);

/** Items of a list carry neither kind nor apiVersion; managedFields are noise to a reader. */
function withKind(object: ApiObject, { apiVersion, kind }: ResourceType): KubernetesObject {
  const { managedFields, annotations, ...metadata } = object.metadata ?? {};
  const { [LAST_APPLIED]: _applied, ...kept } = annotations ?? {};
  const changedBy = WRITTEN_BY_PEOPLE.has(kind) ? fieldOwners(managedFields) : [];
  return {
    ...object,
    apiVersion,
    kind,
    metadata: { ...metadata, ...(annotations && { annotations: kept }) },
    ...(changedBy.length > 0 && { changedBy }),
  };
}

/** Milliseconds since 1970 of an event's last occurrence. */
function eventTime(event: NonNullable<WireList<CoreV1Event>['items']>[number]): number {
  const { series, lastTimestamp, eventTime, firstTimestamp, metadata } = event;
  const time =
    series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata?.creationTimestamp ?? '';
  return Date.parse(time) || 0;
}

/** The last {@link LOG_BYTES}, beginning with a whole line. */
function endOf(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LOG_BYTES) return text;
  const end = bytes.subarray(-LOG_BYTES).toString('utf8');
  return end.slice(end.indexOf('\n') + 1);
}

/** The API server's ways to say that a container did not run (before), or does not run yet. */
function isMissingRun({ reason }: EvidenceGap): boolean {
  return /previous terminated container .* not found|is waiting to start|container .* is not valid for pod/.test(
    reason,
  );
}
