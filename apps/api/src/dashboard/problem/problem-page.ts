import { includesRole } from '@nightcrier/core/access/role';
import { describeUsage } from '@nightcrier/core/incidents/agent-usage';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { principalOf } from '../../access/protect.ts';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import type { ProblemName } from '../../changes/problem-changes.ts';
import { type Html, html, type Renderable } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { noticeOf } from '../forms/notice.ts';
import { liveRegion, liveStream } from '../live.ts';
import { markdown } from '../shown/markdown.ts';
import { incidentMark, problemMarks, severityMark } from '../shown/marks.ts';
import { headlineOf, problemPath, subjectOf } from '../shown/problem-text.ts';
import { timeTag } from '../shown/time.ts';
import { doorsSection } from './doors.ts';
import { feedbackSection } from './feedback-section.ts';
import { problemActions } from './problem-actions.ts';
import { type ProblemData, readProblem } from './problem-data.ts';
import { changesIn, recommendations } from './recommendations.ts';
import { timeline } from './timeline.ts';

/** `GET /problems/:cluster/:key`: everything about one problem, what to do first. */
export function problemPage(app: FastifyInstance, context: ApiContext): void {
  app.get<{ Params: ProblemName }>('/problems/:cluster/:key', READS, async (request, reply) => {
    const data = await readProblem(context, request.params);
    const { problem, reported } = data;
    const canChange = includesRole(principalOf(request).role, 'operator');
    const title = headlineOf(problem, reported?.incident.report);
    const body = html`${noticeOf(request.query)}
${liveRegion(request, 'problem-head', head(request, data, title))}
${canChange && problemActions(request, data)}
${liveRegion(request, 'problem-body', html`<div class="columns"><div>${main(data)}</div><div>${aside(request, data)}</div></div>`)}
<section class="panel"><h2>Feedback on the report</h2>${feedbackSection(request, data, canChange)}</section>
${liveStream(request)}`;
    return sendHtml(reply, page(request, { title, section: '/problems', ownHeading: true, body }));
  });
}

function head(request: FastifyRequest, { problem, reported }: ProblemData, title: string): Html {
  const { incident } = reported ?? {};
  const cause = incident?.report?.diagnosis?.hypotheses[0]?.cause;
  const confidence = incident?.report?.confidence;
  return html`<p class="crumbs"><a href="${link(request, '/problems')}">Problems</a> / <a href="${link(request, '/problems')}?cluster=${encodeURIComponent(problem.cluster)}">${problem.cluster}</a> / ${subjectOf(problem)}</p>
<h1>${title}</h1>
<p class="marks" role="status">${problemMarks(problem)} ${severityMark(problem.severity)}${cause && html` <code>${cause}</code>`}${confidence !== undefined && html` <span class="quiet">confidence ${confidence} %</span>`}
<span class="quiet">began ${timeTag(problem.since)}${problem.recovered_at !== undefined && html`, recovered ${timeTag(problem.recovered_at)}`}</span></p>`;
}

function panel(title: string, content: Renderable): Html {
  return html`<section class="panel"><h2>${title}</h2>${content}</section>`;
}

function main(data: ProblemData): Html {
  const { problem, reported, incidents } = data;
  const summary = reported?.incident.report;
  const changes = changesIn(reported?.markdown);
  const [latest] = incidents;
  const waiting = latest
    ? html`<p>${incidentMark(latest.state)} ${latest.reason}</p>`
    : html`<p>${problem.message ?? 'There is no investigation of it.'}</p>`;
  return html`${summary ? panel('What to do', recommendations(summary)) : panel('Investigation', waiting)}
${summary && panel('Cause', markdown(summary.root_cause))}
${changes !== undefined && panel('What changed', markdown(changes))}
${panel('Timeline', html`<p class="quiet small">Times are UTC.</p>${timeline(data)}`)}
${reported?.markdown !== undefined && panel('Report', html`<details><summary>Whole report</summary>${markdown(reported.markdown)}</details>`)}`;
}

function aside(request: FastifyRequest, data: ProblemData): Html {
  const { problem, incidents, doors, evidence } = data;
  const run = data.reported?.incident ?? incidents[0];
  return html`${panel('Problem', facts(data))}
${panel('Investigations', incidents.length > 0 ? html`<ul class="plain">${incidents.map((one) => html`<li>${incidentMark(one.state)} <code>${one.incident_id.slice(0, 8)}</code> ${timeTag(one.created_at)}</li>`)}</ul>` : html`<p class="quiet">None.</p>`)}
${panel('Tokens and cost', run?.usage ? html`<p>${describeUsage(run.usage)}</p>` : html`<p class="quiet">${run?.agent ? `${run.agent} reported no usage of a model.` : 'No agent has run.'}</p>`)}
${panel('Requests through the gateway', doorsSection(run, doors))}
${panel('Evidence', evidenceList(request, problem, run?.incident_id, run?.workspace, evidence))}`;
}

function facts({ problem, targets }: ProblemData): Html {
  const { cluster, acknowledged, silenced, recurrences, place, component, members, member_of: memberOf } = problem;
  const shown: [string, Renderable][] = [
    ['Cluster', cluster === '-' ? 'none' : cluster],
    ['About', subjectOf(problem)],
    ['Node', place?.node],
    ['Component', component],
    ['Labels', Object.entries(place?.labels ?? {}).map(([name, value]) => html`<code>${name}=${value}</code> `)],
    ['Received again', recurrences > 0 && `${recurrences} times`],
    [
      'Acknowledged',
      acknowledged &&
        html`by ${acknowledged.by} ${timeTag(acknowledged.at)}${acknowledged.comment && html`: ${acknowledged.comment}`}`,
    ],
    [
      'Silenced',
      silenced &&
        html`by ${silenced.by} until ${silenced.until ? timeTag(silenced.until) : 'it is lifted'}: ${silenced.reason}`,
    ],
    ['Notified', targets.join(', ')],
    ['Stands for', members?.join(', ')],
    ['Member of', memberOf],
  ];
  const rows = shown.filter(
    ([, value]) =>
      value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function evidenceList(
  request: FastifyRequest,
  problem: ProblemData['problem'],
  incident: string | undefined,
  workspace: string | undefined,
  evidence: ProblemData['evidence'],
): Html {
  if (!evidence || incident === undefined)
    return html`<p class="quiet">${workspace === undefined ? 'There is no workspace.' : html`On the worker: <code>${workspace}</code>`}</p>`;
  const files = evidence.files.map(({ name, bytes }) => {
    const url = `${link(request, problemPath(problem))}/files/${encodeURIComponent(incident)}?name=${encodeURIComponent(name)}`;
    return html`<li><a href="${url}">${name}</a> <span class="quiet small">${Math.ceil(bytes / 1024)} KiB</span></li>`;
  });
  return html`<details><summary>${evidence.files.length} files</summary><ul class="plain">${files}</ul>${!evidence.isComplete && html`<p class="quiet">The workspace has more.</p>`}</details>`;
}
