import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../errors/api-error.ts';
import { link } from '../../html/link.ts';

/** The fields of a form; a name that occurs several times has several values. */
export type FormFields = ReadonlyMap<string, readonly string[]>;

const FORM = 'application/x-www-form-urlencoded';
const LONGEST_FORM = 256 * 1024;

/** Reads forms, and refuses those that a page of another site sends. */
export function acceptForms(app: FastifyInstance): void {
  if (!app.hasContentTypeParser(FORM))
    app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: LONGEST_FORM }, (_, body, done) => {
      done(null, Object.fromEntries(fieldsOf(String(body))));
    });
  app.addHook('onRequest', async (request) => {
    const site = request.headers['sec-fetch-site'];
    if (request.method === 'POST' && site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new ApiError('origin_not_allowed', 'forms of pages of other sites are not allowed');
  });
}

function fieldsOf(body: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body)) fields.set(name, [...(fields.get(name) ?? []), value]);
  return fields;
}

/** Returns the fields of a form, without those that are empty. */
export function formOf({ body }: FastifyRequest): FormFields {
  if (typeof body !== 'object' || body === null) return new Map();
  return new Map(
    Object.entries(body).map(([name, value]: [string, unknown]) => {
      const values: unknown[] = Array.isArray(value) ? value : [value];
      return [name, values.filter((one) => typeof one === 'string').filter((one) => one !== '')];
    }),
  );
}

/** Returns the one value of a field; undefined where it is empty. */
export function field(form: FormFields, name: string): string | undefined {
  return form.get(name)?.[0];
}

/** Answers a form that has changed something: the browser goes to a page, which says so. */
export function seeOther(request: FastifyRequest, reply: FastifyReply, path: `/${string}`, done: string): FastifyReply {
  const separator = path.includes('?') ? '&' : '?';
  return reply.redirect(link(request, `${path}${separator}done=${encodeURIComponent(done)}`), 303);
}
