import { z } from 'zod';
import { textAt, type KubernetesObject } from '../kubernetes/objects/kubernetes-object.ts';
import type { PodLogs } from '../kubernetes/api/pod-log.ts';
import { findByKind, resourceType, type ResourceType } from '../kubernetes/objects/resource-types.ts';
import { goYaml } from './go-yaml.ts';
import type { ServerAccount } from './server-account.ts';
import { defineTool, type McpTool } from './tool.ts';

const selectors = {
  fieldSelector: z.string().optional().describe("Field selector, such as 'type=Warning'"),
  labelSelector: z.string().optional().describe("Label selector, such as 'app=web'"),
};
const podName = {
  name: z.string().describe('Name of the Pod'),
  namespace: z.string().default('').describe('Namespace of the Pod'),
};
const kind = {
  apiVersion: z.string().describe('apiVersion, such as v1 or apps/v1'),
  kind: z.string().describe('kind, such as Pod or Deployment'),
};
const pods = resourceType('pods');
const pages = { limit: z.int().optional(), continue: z.string().optional() };
const Page = z.object(pages);

/** One page of a list; `continue` is the number of objects that were sent before. */
function pageOf(
  items: KubernetesObject[],
  { limit = items.length, continue: from = '0' }: z.infer<typeof Page>,
): { page: KubernetesObject[]; metadata: { continue?: string } } {
  const end = Number(from) + limit;
  return { page: items.slice(Number(from), end), metadata: end < items.length ? { continue: String(end) } : {} };
}

/**
 * Returns the read tools of a kubernetes-mcp-server with `--list-output yaml`, with its texts.
 * @param isStructured whether it sends structured content beside the text, as a stock server does
 * @param hasPages whether `resources_list` passes `limit` and `continue` on, which no server does yet
 */
export function readTools(
  account: ServerAccount,
  logs: PodLogs,
  { isStructured, hasPages = false }: { isStructured: boolean; hasPages?: boolean },
): McpTool[] {
  const list = (type: ResourceType, namespace: string | undefined, selection: Record<string, string | undefined>) =>
    account.list(type, namespace || undefined, selection);
  const get = (type: ResourceType, namespace: string, name: string, subresource?: string): KubernetesObject =>
    account.get(type, namespace, name, subresource);
  const answer = (text: string, structured: Record<string, unknown>) =>
    isStructured ? { text, structured } : { text };

  return [
    defineTool(
      'events_list',
      'List Kubernetes events (warnings, errors, state changes) for debugging and troubleshooting in the current cluster from all namespaces',
      z.object({ namespace: z.string().optional(), fieldSelector: selectors.fieldSelector }),
      ({ namespace, fieldSelector }) => {
        const events = list(resourceType('events'), namespace, { fieldSelector });
        if (events.length === 0) return '# No events found';
        return `# The following events (YAML format) were found:\n${goYaml(events.map(briefEvent))}`;
      },
    ),
    defineTool(
      'namespaces_list',
      'List all the Kubernetes namespaces in the current cluster',
      z.object({ fieldSelector: selectors.fieldSelector }),
      (selection) => goYaml(list(resourceType('namespaces'), undefined, selection)),
    ),
    defineTool(
      'pods_list',
      'List all the Kubernetes pods in the current cluster from all namespaces',
      z.object(selectors),
      (selection) => goYaml(list(pods, undefined, selection)),
    ),
    defineTool(
      'pods_list_in_namespace',
      'List all the Kubernetes pods in the specified namespace in the current cluster',
      z.object({ namespace: z.string(), ...selectors }),
      ({ namespace, ...selection }) => goYaml(list(pods, namespace, selection)),
    ),
    defineTool(
      'pods_get',
      'Get a Kubernetes Pod in the current or provided namespace with the provided name',
      z.object(podName),
      ({ name, namespace }) =>
        named(`failed to get pod ${name} in namespace ${namespace}`, () => goYaml(get(pods, namespace, name))),
    ),
    defineTool(
      'pods_log',
      'Get the logs of a Kubernetes Pod in the current or provided namespace with the provided name',
      z.object({
        ...podName,
        container: z.string().optional(),
        previous: z.boolean().default(false),
        tail: z.int().min(0).default(100),
      }),
      ({ name, namespace, container, previous, tail }) => {
        const query = new URLSearchParams({
          previous: String(previous),
          tailLines: String(tail || 100),
          container: container ?? '',
        });
        const text = named(`failed to get pod ${name} log in namespace ${namespace}`, () =>
          logs.read(get(pods, namespace, name, 'log'), query),
        );
        return text || `The pod ${name} in namespace ${namespace} has not logged any message yet`;
      },
    ),
    defineTool(
      'resources_get',
      'Get a Kubernetes resource in the current cluster by providing its apiVersion, kind, optionally the namespace, and its name',
      z.object({ ...kind, name: z.string(), namespace: z.string().default('') }),
      ({ apiVersion, kind, name, namespace }) =>
        named('failed to get resource', () => {
          const object = get(typeOfKind(apiVersion, kind), namespace, name);
          return answer(goYaml(object), object);
        }),
    ),
    defineTool(
      'resources_list',
      'List Kubernetes resources and objects in the current cluster by providing their apiVersion and kind and optionally the namespace and label selector',
      z.object({ ...kind, namespace: z.string().optional(), ...selectors, ...(hasPages && pages) }),
      ({ apiVersion, kind, namespace, ...rest }) =>
        named('failed to list resources', () => {
          const { fieldSelector, labelSelector } = rest;
          const items = list(typeOfKind(apiVersion, kind), namespace, { fieldSelector, labelSelector });
          const { page, metadata } = pageOf(items, Page.parse(rest));
          return answer(goYaml(page), { items: page, ...(hasPages && { metadata }) });
        }),
    ),
  ];
}

function typeOfKind(apiVersion: string, kind: string): ResourceType {
  const type = findByKind(apiVersion, kind);
  if (!type) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
  return type;
}

/** Runs a step, and prefixes the message of its error with what failed. */
function named<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Returns an event as `events_list` shows it: without uid and count, and with the time in the format of Go. */
function briefEvent(event: KubernetesObject): object {
  const time = textAt(event, 'lastTimestamp') || textAt(event, 'eventTime') || textAt(event, 'firstTimestamp');
  return {
    InvolvedObject: {
      Kind: textAt(event, 'involvedObject.kind'),
      Name: textAt(event, 'involvedObject.name'),
      apiVersion: textAt(event, 'involvedObject.apiVersion'),
    },
    Message: textAt(event, 'message').trim(),
    Namespace: event.metadata.namespace ?? '',
    Reason: textAt(event, 'reason'),
    Timestamp: `${time.replace('T', ' ').replace('Z', '')} +0000 UTC`,
    Type: textAt(event, 'type'),
  };
}
