import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

/** The answer of a tool. */
export interface ToolAnswer {
  text: string;
  structured: unknown;
  /** The tool failed; `text` has the reason. */
  isError: boolean;
}

/** The result of `tools/call`, as far as it is needed. */
export const ToolResult = z.object({
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

/** The result of `tools/list`, as far as it is needed. */
export const ToolList = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      inputSchema: z.object({ properties: z.record(z.string(), z.unknown()).optional() }).optional(),
    }),
  ),
  nextCursor: z.string().optional(),
});

/** Tools of an event-emitting kubernetes-mcp-server. */
export const SUBSCRIBE_TOOL = 'events_subscribe';
export const UNSUBSCRIBE_TOOL = 'events_unsubscribe';
export const LIST_SUBSCRIPTIONS_TOOL = 'events_list_subscriptions';
/** Tool of every kubernetes-mcp-server; polls use it. */
export const LIST_RESOURCES_TOOL = 'resources_list';
/** Tool of every kubernetes-mcp-server that reads one object. */
export const GET_RESOURCE_TOOL = 'resources_get';

/** Parses the answer of `events_subscribe`, JSON with text around it. */
export function subscribedOf({ text }: ToolAnswer): { id: string | undefined; cluster: string | undefined } {
  return {
    id: /"subscriptionId"\s*:\s*"([^"]{1,256})"/.exec(text)?.[1],
    cluster: /"cluster"\s*:\s*"([^"\\]{0,256})"/.exec(text)?.[1],
  };
}

const SubscriptionList = z.object({
  subscriptions: z.array(z.object({ subscriptionId: z.string(), degraded: z.boolean().optional() })).nullable(),
});

/** Returns the state of a subscription from the answer of `events_list_subscriptions`. */
export function subscriptionState(answer: ToolAnswer, id: string): 'registered' | 'degraded' | 'gone' {
  const list = SubscriptionList.safeParse(jsonWithin(answer.text));
  // An answer in another format that contains the id counts as registered.
  if (!list.success) return answer.text.includes(id) ? 'registered' : 'gone';
  const ours = list.data.subscriptions?.find(({ subscriptionId }) => subscriptionId === id);
  if (!ours) return 'gone';
  return ours.degraded ? 'degraded' : 'registered';
}

/** Returns the JSON object within text, if there is one. */
function jsonWithin(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    return undefined;
  }
}

const ResourceList = z.object({ items: z.array(z.unknown()).nullable() });
const WholeObject = z.object({ metadata: z.object({}) });

/**
 * Returns the objects in the answer of `resources_list`: structured content, or YAML text. A server prints tables by
 * default, whose rows lack most fields.
 * @throws Error that names the server's option to change when the answer has no whole objects
 */
export function resourcesOf({ text, structured }: ToolAnswer): unknown[] {
  if (/^# ?No .*found/i.test(text)) return [];
  const items = itemsOf(structured) ?? itemsOf(yamlOf(text));
  const isReadable = items?.every((item) => WholeObject.safeParse(item).success);
  if (!items || !isReadable)
    throw new Error('the answer has no whole objects; start the MCP server with --list-output yaml');
  return items;
}

/** The object in the answer of `resources_get`: structured content, or YAML text. Undefined when there is none. */
export function resourceOf({ text, structured }: ToolAnswer): unknown {
  const candidates = [structured, yamlOf(text)];
  return candidates.find((candidate) => WholeObject.safeParse(candidate).success);
}

function itemsOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const list = ResourceList.safeParse(value);
  return list.success ? (list.data.items ?? []) : undefined;
}

function yamlOf(text: string): unknown {
  try {
    return parseYaml(text, { maxAliasCount: 100, logLevel: 'error' });
  } catch {
    return undefined;
  }
}
