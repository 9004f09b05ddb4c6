import { LONGEST_COMMENT, oneLine } from '@nightcrier/core/access/one-line';
import { Matcher } from '@nightcrier/core/matching/matcher';
import { NewFeedback } from '@nightcrier/core/incidents/report-feedback';
import { NewSilence } from '@nightcrier/core/silences/silence';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../../access/protect.ts';
import { CHANGES } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { ApiError } from '../../errors/api-error.ts';
import {
  acknowledgeProblem,
  type Author,
  investigateProblem,
  noProblem,
  type ProblemName,
  unacknowledgeProblem,
} from '../../changes/problem-changes.ts';
import { addSilence } from '../../changes/silence-changes.ts';
import { parseFields } from '../forms/parse-fields.ts';
import { field, type FormFields, formOf, seeOther } from '../forms/form-body.ts';
import { placeOf, problemPath } from '../shown/problem-text.ts';

interface OfProblem {
  Params: ProblemName;
}

/** `POST` routes of the forms on a problem's page and of the list. */
export function problemForms(app: FastifyInstance, context: ApiContext): void {
  for (const action of ['acknowledge', 'unacknowledge', 'silence', 'investigate'] as const) {
    app.post<OfProblem>(`/problems/:cluster/:key/${action}`, CHANGES, async (request, reply) => {
      await perform(context, action, request.params, authorOf(request), formOf(request));
      return seeOther(request, reply, problemPath(request.params), DONE[action]);
    });
  }
  app.post<OfProblem>('/problems/:cluster/:key/feedback', CHANGES, async (request, reply) => {
    const author = authorOf(request);
    const form = formOf(request);
    await giveFeedback(context, request.params, author, form);
    return seeOther(request, reply, problemPath(request.params), 'feedback');
  });
  selectedForm(app, context);
}

const DONE = {
  acknowledge: 'acknowledged',
  unacknowledge: 'unacknowledged',
  silence: 'silenced',
  investigate: 'investigating',
} as const;
type Action = keyof typeof DONE;

const Comment = oneLine(LONGEST_COMMENT);

async function perform(
  context: ApiContext,
  action: Action,
  name: ProblemName,
  author: Author,
  form: FormFields,
): Promise<void> {
  const comment = field(form, 'comment') ?? field(form, `${action}_comment`);
  switch (action) {
    case 'acknowledge':
      await acknowledgeProblem(
        context,
        name,
        author,
        comment === undefined ? undefined : parseFields(Comment, comment),
      );
      return;
    case 'unacknowledge':
      await unacknowledgeProblem(context, name, author);
      return;
    case 'silence': {
      const wanted = { matchers: matchersOf(name), duration: Number(field(form, 'duration')), comment };
      await addSilence(context, parseFields(NewSilence, wanted), author);
      return;
    }
    case 'investigate':
      await investigateProblem(context, name, author);
      return;
    default:
      action satisfies never;
  }
}

/** Returns matchers of what a problem is about: a workload, or a part of Nightcrier. */
function matchersOf({ cluster, key }: ProblemName): string {
  const { namespace, name } = placeOf(key);
  const [, component] = /^component:([^:]*)/.exec(key) ?? [];
  const about = component === undefined ? { namespace, workload: name } : { component };
  return Object.entries({ cluster, ...about })
    .flatMap(([label, value]) => (value === undefined ? [] : [new Matcher(label, '=', value).toString()]))
    .join(', ');
}

async function giveFeedback(
  { problems, feedback, audit, logger }: ApiContext,
  { cluster, key }: ProblemName,
  author: Author,
  form: FormFields,
): Promise<void> {
  const given = parseFields(NewFeedback, { verdict: field(form, 'verdict'), comment: field(form, 'comment') });
  const problem = await problems.get(cluster, key);
  if (!problem) throw noProblem(cluster, key);
  const id = field(form, 'incident') ?? '';
  if (!problem.incidents.includes(id))
    throw new ApiError('incident_not_found', `the problem has no incident ${JSON.stringify(id)}`);
  const comment = given.comment === undefined ? undefined : await redactText(given.comment);
  const said = { verdict: given.verdict, ...(comment !== undefined && { comment }) };
  await feedback.give(id, { ...said, by: author.name, at: new Date().toISOString() }).catch((error: unknown) => {
    if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
    throw error;
  });
  await audit.record(author, { action: 'feedback_given', subject: id, details: { verdict: given.verdict, comment } });
  logger.info({ by: author.name, incident_id: id, verdict: given.verdict }, 'feedback given');
}

/** Problems of one form. */
const MOST_SELECTED = 100;

/** `POST /problems/selected`: one action for several problems. Goes on after one that fails. */
function selectedForm(app: FastifyInstance, context: ApiContext): void {
  app.post('/problems/selected', CHANGES, async (request, reply) => {
    const form = formOf(request);
    const author = authorOf(request);
    const action = field(form, 'action');
    const selected = form.get('problem') ?? [];
    if (action !== 'acknowledge' && action !== 'silence' && action !== 'investigate')
      throw new ApiError(
        'bad_request',
        `action: ${JSON.stringify(action)} must be acknowledge, silence or investigate`,
      );
    if (selected.length === 0) throw new ApiError('bad_request', 'problem: select at least one problem');
    if (selected.length > MOST_SELECTED)
      throw new ApiError('bad_request', `problem: select at most ${MOST_SELECTED} problems`);
    let changed = 0;
    for (const name of selected) {
      const at = name.indexOf('|');
      try {
        await perform(context, action, { cluster: name.slice(0, at), key: name.slice(at + 1) }, author, form);
        changed += 1;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code === 'bad_request') throw error;
      }
    }
    const back = field(form, 'back') ?? '';
    const query = /^\?[^#]*$/.test(back) ? back : '';
    return seeOther(request, reply, `/problems${query}`, `${DONE[action]}:${changed}:${selected.length}`);
  });
}
