import type { ApiRoute, BodyOf, ParamsOf, QueryOf, ReturnedBy } from '@nightcrier/core/api/route';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { z } from 'zod';
import { ApiFailure, PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { ApiError } from './errors/api-error.ts';

/** A request whose parameters, query and body are as the route says. */
export type RequestOf<R extends ApiRoute> = FastifyRequest<{
  Params: ParamsOf<R>;
  Querystring: QueryOf<R>;
  Body: BodyOf<R>;
}>;

/** Returns the body of the answer, or the reply once it has sent the answer itself. */
export type Handler<R extends ApiRoute> = (
  request: RequestOf<R>,
  reply: FastifyReply,
) => Promise<ReturnedBy<R> | FastifyReply>;

/**
 * Registers the handler of a route of the API. Requests are validated by the route's schemas. Answers are not, since that costs more
 * than most of them; tests check that they fit.
 * @param options further options of the framework
 */
export function serve<const R extends ApiRoute>(
  app: FastifyInstance,
  route: R,
  handler: Handler<NoInfer<R>>,
  options: Pick<RouteOptions, 'exposeHeadRoute'> = {},
): void {
  const { method, path, role } = route;
  app.route<{ Params: ParamsOf<R>; Querystring: QueryOf<R>; Body: BodyOf<R> }>({
    ...options,
    method,
    url: path.startsWith(API) && app.prefix.endsWith(API) ? path.slice(API.length) : path,
    config: role === 'open' ? { open: true } : { role },
    schema: schemaOf(route),
    handler,
  });
}

const API = '/api';

/** The schemas of a route, for validation and documentation. */
function schemaOf({ params, query, body, answers, contentTypes, summary, description, tag, role }: ApiRoute): object {
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => [
      status,
      contentTypes ? contentOf(schema, contentTypes) : schema,
    ]),
  );
  return {
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
    response: { ...response, default: { description: 'Failed', ...contentOf(ApiFailure, [PROBLEM_JSON]) } },
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    ...(role === 'open' && { security: [] }),
  };
}

function contentOf(schema: z.ZodType, types: readonly string[]): object {
  return { content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

/** Has requests validated by the schemas of their routes, and answers sent as they are. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart = '' }) => (data: unknown) => {
    // No body is an empty one.
    const parsed = schema.safeParse(httpPart === 'body' ? (data ?? {}) : data);
    return parsed.success ? { value: parsed.data } : { error: invalid(httpPart, data, parsed.error.issues) };
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}

const PARTS: Record<string, string> = { params: 'path parameter ', querystring: 'query parameter ' };
const LONGEST_SHOWN = 100;

/** Names each value that is not valid, and what is allowed. */
function invalid(part: string, data: unknown, issues: readonly z.core.$ZodIssue[]): ApiError {
  const described = issues.flatMap((issue): string[] => {
    const where = `${PARTS[part] ?? ''}${issue.path.map(String).join('.')}`.trim() || part;
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${where} ${JSON.stringify(key)} is unknown`);
    return [`${where}${shown(part, valueAt(data, issue.path))}: ${issue.message}`];
  });
  return new ApiError('bad_request', described.join('; '));
}

/** A body may hold what must not be logged. */
function shown(part: string, value: unknown): string {
  if (part === 'body' || value === undefined || typeof value === 'object') return '';
  const text = JSON.stringify(value);
  return ` ${text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text}`;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    data,
  );
}
