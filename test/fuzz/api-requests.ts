import * as fc from 'fast-check';
import { z } from 'zod';

/** What requests are generated from: the operations of an OpenAPI description. */
export const Description = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        parameters: z
          .array(
            z.object({
              name: z.string(),
              in: z.enum(['path', 'query', 'header', 'cookie']),
              schema: z.looseObject({}),
            }),
          )
          .default([]),
        requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.looseObject({}) })) }).optional(),
      }),
    ),
  ),
});
type Operation = z.infer<typeof Description>['paths'][string][string];

export interface GeneratedRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

const Schema = z.object({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.looseObject({})).optional(),
  properties: z.record(z.string(), z.looseObject({})).optional(),
  required: z.array(z.string()).default([]),
  items: z.looseObject({}).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});

const junk: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '\u0000',
    '9'.repeat(400),
    '1e999',
    'NaN',
    '-1',
    'null',
    '[]',
  ),
);
const anything: fc.Arbitrary<unknown> = fc.oneof(junk, fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.double());

/** Values that fit a schema more or less. */
function valueOf(schema: unknown, known: readonly string[]): fc.Arbitrary<unknown> {
  const { type, enum: values, anyOf, properties, required, items, minimum, maximum } = Schema.parse(schema);
  const fitting = (): fc.Arbitrary<unknown> => {
    if (values) return fc.constantFrom(...values);
    if (anyOf) return fc.oneof(...anyOf.map((one) => valueOf(one, known)));
    if (type === 'integer' || type === 'number') {
      const [min, max] = [Math.max(minimum ?? -10, -(2 ** 31)), Math.min(maximum ?? 1_000, 2 ** 31 - 1)];
      return fc.oneof(
        fc.integer({ min, max }),
        fc.integer({ min: min - 1, max: min }),
        fc.integer({ min: max, max: max + 1 }),
      );
    }
    if (type === 'boolean') return fc.boolean();
    if (type === 'array') return fc.array(items ? valueOf(items, known) : anything, { maxLength: 4 });
    if (type === 'object') {
      const fields = Object.entries(properties ?? {}).map(([name, one]) => [name, valueOf(one, known)] as const);
      const requiredKeys = fields.map(([name]) => name).filter((name) => required.includes(name));
      return fc.oneof(
        { arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys }), weight: 4 },
        { arbitrary: fc.dictionary(junk, anything, { maxKeys: 3 }), weight: 1 },
      );
    }
    return fc.oneof(fc.constantFrom(...known), junk);
  };
  return fc.oneof({ arbitrary: fitting(), weight: 5 }, { arbitrary: anything, weight: 1 });
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const encoded = (value: unknown): string => encodeURIComponent(asText(value).toWellFormed());

function requestOf(
  method: string,
  path: string,
  operation: Operation,
  known: readonly string[],
): fc.Arbitrary<GeneratedRequest> {
  const { parameters, requestBody } = operation;
  const parts = (where: string) => parameters.filter((parameter) => parameter.in === where);
  const record = (where: string, requiredKeys: string[] | undefined): fc.Arbitrary<Record<string, unknown>> =>
    fc.record(
      Object.fromEntries(parts(where).map(({ name, schema }) => [name, valueOf(schema, known)])),
      requiredKeys === undefined ? {} : { requiredKeys },
    );
  const [body] = Object.values(requestBody?.content ?? {});
  const text: fc.Arbitrary<string | undefined> = body
    ? fc.oneof(
        { arbitrary: valueOf(body.schema, known).map((value) => JSON.stringify(value)), weight: 6 },
        { arbitrary: junk, weight: 1 },
        { arbitrary: fc.constant(undefined), weight: 1 },
      )
    : fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: junk, weight: 1 });
  const query = fc.oneof(
    { arbitrary: record('query', []), weight: 5 },
    { arbitrary: fc.dictionary(junk, anything, { maxKeys: 2 }), weight: 1 },
  );
  const type = fc.oneof(
    { arbitrary: fc.constant('application/json'), weight: 8 },
    { arbitrary: fc.constantFrom('text/plain', 'application/xml', 'multipart/form-data', 'nonsense'), weight: 1 },
  );
  const etag = fc.option(fc.constantFrom('*', '"x"', 'W/"x"', ',,,"'), { nil: undefined, freq: 4 });
  return fc
    .record({ params: record('path', undefined), query, text, type, etag })
    .map(({ params, query: values, text: sent, type: contentType, etag: match }) => {
      const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(params[name]) || 'x');
      const search = Object.entries(values).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
      const hasBody = sent !== undefined && method !== 'get';
      return {
        method: method.toUpperCase(),
        path: search.length === 0 ? named : `${named}?${search.join('&')}`,
        headers: {
          ...(hasBody && { 'content-type': contentType }),
          ...(match !== undefined && { 'if-none-match': match }),
        },
        ...(hasBody && { body: sent }),
      };
    });
}

/**
 * Generates requests of every operation, most of which are nearly valid.
 * @param known values that exist, such as ids
 */
export function apiRequests(
  { paths }: z.infer<typeof Description>,
  known: readonly string[],
): fc.Arbitrary<GeneratedRequest> {
  return fc.oneof(
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => requestOf(method, path, operation, known)),
    ),
  );
}
