import type { ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import type { Secret } from '@nightcrier/core/settings/secret';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Notice } from '../content/notice.ts';
import { factsOf, headlineOf, paragraphsOf, statusOf } from '../content/wording.ts';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';
import { notTheService, post } from './post.ts';

export interface PagerDutyOptions {
  readKey: () => Promise<Secret>;
  /** `https://events.pagerduty.com/v2/enqueue` */
  url: string;
}

/** PagerDuty's limits, in characters. */
const LONGEST = { summary: 1_024, source: 255, dedupKey: 255, detail: 4_000 };
/** An integration accepts 120 events a minute without a limit of its own; bursts are queued here. */
const RATE = { max: 4, duration: 1_000 };

type Action = 'trigger' | 'acknowledge' | 'resolve';

const ACTIONS: Record<ProblemEvent, Action> = {
  firing: 'trigger',
  reported: 'trigger',
  investigation_failed: 'trigger',
  recurred: 'trigger',
  reopened: 'trigger',
  severity_raised: 'trigger',
  flapping: 'trigger',
  acknowledged: 'acknowledge',
  recovered: 'resolve',
  closed: 'resolve',
};

const Answer = z.object({ status: z.literal('success'), dedup_key: z.string() });

/** A service of PagerDuty, by the Events API v2: one alert per problem, by its key. */
export function pagerDuty({ id, receiver }: TargetIdentity, { readKey, url }: PagerDutyOptions): NotificationTarget {
  return {
    id,
    receiver,
    kind: 'pagerduty',
    rate: RATE,
    inOrder: true,
    keepsState: true,
    async deliver(notice, _part, signal) {
      await send(eventOf(notice), signal);
      return undefined;
    },
    async check(signal) {
      // The end of an alert that does not exist changes nothing.
      await send({ event_action: 'resolve', dedup_key: 'nightcrier:check' }, signal);
      return 'accepted';
    },
  };

  async function send(event: object, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ routing_key: (await readKey()).reveal(), ...event });
    const { status, text } = await post('PagerDuty', url, { body, signal });
    if (status !== 202 || !isAnswer(text)) throw notTheService('PagerDuty', `${status}: ${text}`);
  }
}

function eventOf(notice: Notice): object {
  const { event, problem, incident, subject } = notice;
  // PagerDuty has no event for an alert that is given back.
  const action = event === 'acknowledged' && !problem.acknowledged ? 'trigger' : ACTIONS[event];
  const dedup_key = dedupKey(subject);
  if (action !== 'trigger') return { event_action: action, dedup_key };
  const { report_url: link } = incident ?? {};
  return {
    event_action: action,
    dedup_key,
    client: 'Nightcrier',
    ...(link !== undefined && { client_url: link, links: [{ href: link, text: 'The whole report' }] }),
    payload: {
      summary: clip(headlineOf(notice), LONGEST.summary),
      source: clip(problem.cluster === '-' ? 'nightcrier' : problem.cluster, LONGEST.source),
      severity: problem.severity,
      timestamp: problem.since,
      component: problem.component ?? problem.workload,
      ...(problem.namespace !== undefined && { group: problem.namespace }),
      ...(problem.fault_types[0] !== undefined && { class: problem.fault_types[0] }),
      custom_details: {
        Status: statusOf(notice),
        ...Object.fromEntries(factsOf(notice).map(([name, value]) => [name, clip(value, LONGEST.detail)])),
        ...Object.fromEntries(
          paragraphsOf(notice).map(({ heading, text, steps = [] }) => [
            heading,
            clip(text ?? steps.map((step, at) => `${at + 1}. ${step}`).join('\n'), LONGEST.detail),
          ]),
        ),
      },
    },
  };
}

/** Returns the subject, or a hash of one that is too long. */
function dedupKey(subject: string): string {
  const key = `nightcrier:${subject}`;
  return key.length <= LONGEST.dedupKey ? key : `nightcrier:${createHash('sha256').update(subject).digest('hex')}`;
}

function clip(text: string, max: number): string {
  const shown = text.toWellFormed();
  return shown.length <= max ? shown || '–' : `${shown.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function isAnswer(text: string): boolean {
  try {
    return Answer.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
