import { markdownBlocks } from './markdown-blocks.ts';

/** A Kubernetes object that a report names. */
export interface NamedResource {
  kind: string;
  name: string;
  namespace?: string | undefined;
}

/** Kinds by the words that kubectl accepts for them, in lower case. */
const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Pod: ['po', 'pod', 'pods'],
    Deployment: ['deploy', 'deployment', 'deployments'],
    ReplicaSet: ['rs', 'replicaset', 'replicasets'],
    StatefulSet: ['sts', 'statefulset', 'statefulsets'],
    DaemonSet: ['ds', 'daemonset', 'daemonsets'],
    Job: ['job', 'jobs'],
    CronJob: ['cj', 'cronjob', 'cronjobs'],
    Service: ['svc', 'service', 'services'],
    Ingress: ['ing', 'ingress', 'ingresses'],
    ConfigMap: ['cm', 'configmap', 'configmaps'],
    Secret: ['secret', 'secrets'],
    Node: ['no', 'node', 'nodes'],
    PersistentVolumeClaim: ['pvc', 'persistentvolumeclaim', 'persistentvolumeclaims'],
    PersistentVolume: ['pv', 'persistentvolume', 'persistentvolumes'],
    StorageClass: ['sc', 'storageclass', 'storageclasses'],
    ServiceAccount: ['sa', 'serviceaccount', 'serviceaccounts'],
    NetworkPolicy: ['netpol', 'networkpolicy', 'networkpolicies'],
    ResourceQuota: ['quota', 'resourcequota', 'resourcequotas'],
    LimitRange: ['limits', 'limitrange', 'limitranges'],
    HorizontalPodAutoscaler: ['hpa', 'horizontalpodautoscaler', 'horizontalpodautoscalers'],
    Namespace: ['ns', 'namespace', 'namespaces'],
  }).flatMap(([kind, words]) => words.map((word) => [word, kind] as const)),
);

const MOST = 50;
const LONGEST_LINE = 2_000;
const MOST_LINES = 4_000;

/** A name of an object: a DNS subdomain. Placeholders such as `<pod>`, `POD` and `...` are none. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
/** `kind/name` or `namespace/kind/name`, as kubectl and reports write it. */
const SLASHED = /(?<![\w./-])(?:([a-z0-9][a-z0-9-]{0,62})\/)?([A-Za-z]{2,30})\/([a-z0-9][-a-z0-9.]{0,252})(?![\w/-])/g;
/** Deployment `cart`, pod "cart-1", and `cart` Deployment. Without marks, a word after a kind is a word. */
const KIND_THEN_NAME = /\b([A-Z]?[A-Za-z]{2,30}) (?:(?:named|called) )?[`"“]([a-z0-9][-a-z0-9./]{0,300})[`"”]/g;
const NAME_THEN_KIND = /[`"“]([a-z0-9][-a-z0-9./]{0,300})[`"”] ([A-Z][A-Za-z]{2,30})\b/g;
/** Commands that make the objects that they name. */
const MAKES = /\bkubectl\s+(?:create|apply|run|expose|autoscale|replace)\b/;
const FLAGS_WITH_VALUE: ReadonlySet<string> = new Set(
  '-n --namespace -c --container -o --output -l --selector --tail --since -f --filename --context --sort-by --field-selector -p --patch --type --replicas --limits --requests'.split(
    ' ',
  ),
);

/** The objects that a report names, each once: in prose with quotation marks, as `kind/name`, and in kubectl commands. */
export function namedResources(markdown: string): NamedResource[] {
  const found = new Map<string, NamedResource>();
  let left = MOST_LINES;
  for (const block of markdownBlocks(markdown)) {
    const lines = block.kind === 'code' ? block.lines : [block.text];
    for (const line of lines.slice(0, Math.max(0, left))) {
      left -= 1;
      for (const resource of inLine(line.slice(0, LONGEST_LINE), block.kind === 'code')) {
        const key = `${resource.kind}/${resource.namespace ?? ''}/${resource.name}`;
        if (found.size < MOST) found.set(key, found.get(key) ?? resource);
      }
    }
  }
  return [...found.values()];
}

function inLine(line: string, isCode: boolean): NamedResource[] {
  if (MAKES.test(line)) return [];
  const commands = commandsIn(line).flatMap(inCommand);
  const slashed = [...line.matchAll(SLASHED)].flatMap(([, namespace, kind = '', name = '']) =>
    resource(kind, name, namespace),
  );
  if (isCode) return [...commands, ...slashed];
  const prose = [
    ...[...line.matchAll(KIND_THEN_NAME)].flatMap(([, kind = '', name = '']) => qualified(kind, name)),
    ...[...line.matchAll(NAME_THEN_KIND)].flatMap(([, name = '', kind = '']) => qualified(kind, name)),
  ];
  return [...commands, ...slashed, ...prose];
}

/** `shop/cart` is a name with its namespace. */
function qualified(kind: string, name: string): NamedResource[] {
  const parts = name.split('/');
  if (parts.length > 2) return [];
  return resource(kind, parts.at(-1) ?? '', parts.length === 2 ? parts[0] : undefined);
}

function resource(kind: string, written: string, namespace?: string): NamedResource[] {
  const known = KINDS.get(kind.toLowerCase());
  // A sentence ends with a full stop; the name of another kind beside a slash is an alternative.
  const name = written.replace(/[.-]{1,10}$/, '');
  if (known === undefined || !NAME.test(name) || KINDS.has(name)) return [];
  return [{ kind: known, name, ...(namespace !== undefined && NAME.test(namespace) && { namespace }) }];
}

function commandsIn(line: string): string[] {
  const parts = line.split('kubectl ').slice(1, 6);
  return parts.map((part) => part.split(/[`|;&)]/, 1)[0] ?? '');
}

/** `get pod -n shop cart-1 -o yaml`: the words after the verb, without flags. */
function inCommand(command: string): NamedResource[] {
  const words = command.trim().split(/\s+/).slice(0, 40);
  let namespace: string | undefined;
  const plain: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const value = /^--?[\w-]+=(.*)$/.exec(word)?.[1];
    if (word.startsWith('-')) {
      const isNamespace = /^(-n|--namespace)\b/.test(word);
      if (FLAGS_WITH_VALUE.has(word)) {
        if (isNamespace) namespace = words[at + 1];
        at += 1;
      } else if (isNamespace) namespace = value;
    } else plain.push(word.replaceAll(/^['"]|['"]$/g, ''));
  }
  const [verb = '', first = '', second = '', third = ''] = plain;
  if (verb === 'logs') return first.includes('/') ? [] : resource('pod', first, namespace);
  if (/^(cordon|uncordon|drain)$/.test(verb)) return resource('node', first);
  const [kind, name] = verb === 'rollout' || verb === 'set' ? [second, third] : [first, second];
  const isOfCluster = /^(no|node|nodes|pv|persistentvolumes?|ns|namespaces?|sc|storageclass(es)?)$/.test(kind);
  return kind.includes('/') ? [] : resource(kind, name, isOfCluster ? undefined : namespace);
}
