import type { Incident } from '@nightcrier/core/incidents/incident';
import type { NotifiedProblem, ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { NotificationJob } from '@nightcrier/state/notifications/notification-queue';
import { type EarlierContent, fromEarlier } from './earlier-notification.ts';
import { type IncidentFacts, incidentFacts } from './incident-facts.ts';

/** What a target is notified of: a change of a problem, with its latest investigation at delivery. Redacted. */
export interface Notice {
  /** The same for every delivery attempt. */
  id: string;
  /** What all notices about one problem share: `<cluster>/<key>`; the id of an incident in notices of earlier versions. */
  subject: string;
  event: ProblemEvent;
  /** Whether the problem is only still firing after `repeat_interval`. */
  repeat: boolean;
  /** Missing in notices of earlier versions. */
  sequence?: number;
  /** RFC 3339. */
  at: string;
  problem: NotifiedProblem;
  incident?: IncidentFacts;
  /** Markdown. */
  report?: string;
}

/**
 * Reads the content of a job.
 * @param publicUrl address of the API for people (`public_url`)
 * @returns undefined when the incident of a notification of an earlier version is missing or open
 */
export async function readNotice(
  { problem: stored, notification, repeat: isRepeat }: NotificationJob,
  incidents: Pick<IncidentStore, 'get' | 'report'>,
  publicUrl: string | undefined,
): Promise<Notice | undefined> {
  const repeat = isRepeat === true;
  if (stored) {
    const { id, event, sequence, at, problem, incident_id } = stored;
    const incident = incident_id === undefined ? undefined : await incidents.get(incident_id);
    const subject = `${problem.cluster}/${problem.key}`;
    return content({ id, subject, event, at, problem, incident }, incidents, publicUrl, { sequence, repeat });
  }
  if (!notification) throw new Error('the job has neither a problem nor a notification');
  const earlier = await fromEarlier(notification, incidents);
  return earlier && content(earlier, incidents, publicUrl, { repeat });
}

async function content(
  { incident, ...about }: EarlierContent,
  incidents: Pick<IncidentStore, 'report'>,
  publicUrl: string | undefined,
  more: Pick<Notice, 'sequence' | 'repeat'>,
): Promise<Notice> {
  const report = incident && (await incidents.report(incident.incident_id));
  return {
    ...about,
    ...more,
    problem: await redactProblem(about.problem),
    ...(incident && {
      incident: incidentFacts(await redactIncident(incident), reportUrl(incident, report, publicUrl)),
    }),
    ...(report !== undefined && { report: await redactText(report) }),
  };
}

function reportUrl({ incident_id }: Incident, report: string | undefined, base: string | undefined) {
  if (report === undefined || base === undefined) return undefined;
  return `${base.replace(/\/+$/, '')}/api/incidents/${encodeURIComponent(incident_id)}/report`;
}

async function redactProblem({ message, ...problem }: NotifiedProblem): Promise<NotifiedProblem> {
  return { ...problem, ...(message !== undefined && { message: await redactText(message) }) };
}
