import { z } from 'zod';
import { ClusterConfig, FlatClusterConfig, WatchedClusterConfig } from '../clusters/cluster-config.ts';
import { metaOf } from './config-fields.ts';
import { Settings } from './config.ts';
import { RouteConfig } from './sections/receivers.ts';
import { settingOf } from './setting-list.ts';

type JsonSchema = Record<string, unknown>;

/** Any value may also be given by variables: `${NAME}`. */
const VARIABLE = { $ref: '#/$defs/variable' };

/** The JSON Schema of the configuration file, with which editors complete and check it. */
export function configSchema(): JsonSchema {
  const settings = objectSchema(Settings);
  const cluster = {
    anyOf: [objectSchema(ClusterConfig), objectSchema(WatchedClusterConfig), objectSchema(FlatClusterConfig)],
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Nightcrier configuration',
    type: 'object',
    additionalProperties: false,
    properties: {
      clusters: {
        description: 'The clusters to watch. At least one; names are unique.',
        type: 'array',
        minItems: 1,
        items: cluster,
      },
      mcp_endpoint: {
        description: 'MCP server of a single cluster, in place of clusters. It uses the default kubeconfig.',
        type: 'string',
      },
      ...settings.properties,
    },
    $defs: {
      route: objectSchema(RouteConfig, 'routes.'),
      variable: {
        description: 'A value with environment variables: ${NAME}, ${NAME:-default} or ${NAME:?message}.',
        type: 'string',
        pattern: '\\$\\{',
      },
    },
  };
}

function objectSchema(object: z.ZodObject, parent = ''): JsonSchema & { properties: JsonSchema } {
  const properties: JsonSchema = {};
  const required: string[] = [];
  for (const [key, field] of Object.entries(object.shape)) {
    properties[key] = fieldSchema(field, `${parent}${key}`);
    if (!z.safeParse(field, undefined).success) required.push(key);
  }
  return { type: 'object', additionalProperties: false, ...(required.length > 0 && { required }), properties };
}

function fieldSchema(field: z.core.$ZodType, name: string): JsonSchema {
  const { description, schema, deprecated } = metaOf(field);
  const inner = innermost(field);
  const about = { ...(description !== undefined && { description }), ...(deprecated === true && { deprecated }) };
  if (inner === RouteConfig) return { ...about, allOf: [{ $ref: '#/$defs/route' }] };
  if (inner instanceof z.ZodArray && schema === undefined) {
    return { ...about, type: 'array', items: fieldSchema(inner.element, `${name}[]`) };
  }
  if (inner instanceof z.ZodObject) return { ...about, ...objectSchema(inner, `${name}.`) };
  if (inner instanceof z.ZodRecord) return { ...about, type: 'object', additionalProperties: { type: 'string' } };
  const setting = settingOf(name);
  const fallback = setting?.defaultValue;
  return {
    ...about,
    ...(fallback !== undefined && { default: setting?.value === 'duration' ? setting.defaultText : fallback }),
    ...withVariables(schema ?? { type: 'string' }),
  };
}

function withVariables(schema: JsonSchema): JsonSchema {
  const isAnyText = schema.type === 'string' && schema.pattern === undefined;
  return isAnyText ? schema : { anyOf: [...alternatives(schema), VARIABLE] };
}

function alternatives(schema: JsonSchema): unknown[] {
  const { anyOf } = schema;
  return Array.isArray(anyOf) ? anyOf : [schema];
}

function innermost(field: z.core.$ZodType): z.core.$ZodType {
  const wraps = field instanceof z.ZodDefault || field instanceof z.ZodPrefault || field instanceof z.ZodOptional;
  return wraps ? innermost(field.def.innerType) : field;
}
