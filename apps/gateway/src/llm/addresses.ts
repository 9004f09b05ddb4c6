import { isObject, type JsonObject } from './dialects/json.ts';

/** Fields with which the APIs name what a provider would fetch, or has stored. */
const ADDRESS =
  /^(?:(?:file|image|audio|video|document|media|server)_?(?:url|uri|id)|ur[il]|connector_?id|vector_?store_?ids?)$/i;
/** Below these, the names of fields are those of the agent's tools. */
const OF_TOOLS = new Set([
  'input',
  'args',
  'response',
  'parameters',
  'input_schema',
  'schema',
  'parametersJsonSchema',
  'responseSchema',
  'responseJsonSchema',
]);

/**
 * Returns the first field of a request that is an address, in whatever content it is: a provider, or a proxy in front of it, may read
 * more fields of a content than its type has.
 */
export function addressIn(value: JsonObject): string | undefined {
  for (const [name, inner] of Object.entries(value)) {
    if (ADDRESS.test(name)) return name;
    if (OF_TOOLS.has(name) && isObject(inner)) continue;
    for (const item of Array.isArray(inner) ? inner.flat() : [inner]) {
      const found = isObject(item) ? addressIn(item) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
