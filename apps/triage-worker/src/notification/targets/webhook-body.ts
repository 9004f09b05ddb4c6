import { z } from 'zod';
import { IncidentState } from '@nightcrier/core/incidents/incident';
import { NotifiedProblem, ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import type { Notice } from '../content/notice.ts';
import { headlineOf } from '../content/wording.ts';

const Time = z.string().meta({ description: 'RFC 3339.' });

/** The latest investigation of a problem. Keys without a value are missing. */
const WebhookIncident = z.object({
  incident_id: z.string(),
  state: IncidentState,
  cluster: z.string(),
  environment: z.string().optional(),
  namespace: z.string().optional(),
  resource: z.string().meta({ description: 'Kind, namespace and name: Pod shop/cart-7d4b9c-abcde.' }),
  fault: z.string(),
  severity: z.string(),
  title: z.string().optional(),
  summary: z.string().optional(),
  root_cause: z.string().optional(),
  confidence: z.number().optional().meta({ description: 'Percent.' }),
  cause: z.string().optional().meta({ description: 'A code of docs/causes.md.' }),
  determined: z.boolean().optional().meta({ description: 'Whether the root cause is a conclusion.' }),
  diagnosis_version: z.number().optional(),
  recommendations: z.array(z.string()),
  knowledge: z
    .array(
      z.object({
        file: z.string(),
        title: z.string(),
        links: z.array(z.object({ title: z.string(), url: z.string() })),
      }),
    )
    .optional(),
  reason: z.string().optional().meta({ description: 'Why there is no report, or why a fallback agent wrote it.' }),
  agent: z.string().optional(),
  unsupported_quotes: z.number().optional(),
  unverified_resources: z.array(z.string()).optional(),
  recurrences: z.number(),
  members: z.number(),
  duration_seconds: z.number().optional(),
  tokens: z.number().optional(),
  cost_usd: z.number().optional(),
  previous_incident_id: z.string().optional(),
  report_url: z.string().optional(),
  received_at: Time,
  created_at: Time,
  started_at: Time.optional(),
  finished_at: Time.optional(),
});

/** What webhooks receive; docs/webhook.schema.json is generated from it. */
export const WebhookBody = z
  .object({
    id: z.string().meta({ description: 'The same for every delivery of this notification: process each id once.' }),
    event: ProblemEvent.meta({ description: 'What has happened to the problem.' }),
    repeat: z.boolean().meta({ description: 'Whether it is only still firing after repeat_interval.' }),
    sequence: z
      .number()
      .optional()
      .meta({ description: 'Grows with each notification: one with a lower number happened before.' }),
    at: Time,
    headline: z.string(),
    problem: NotifiedProblem.meta({ description: 'The problem as it was when the event happened.' }),
    incident: WebhookIncident.optional().meta({ description: 'Its latest investigation, as it is at delivery.' }),
    links: z.object({ report: z.string().optional() }).meta({ description: 'Below public_url.' }),
    report_markdown: z.string().optional(),
  })
  .meta({ title: 'Nightcrier notification' });

/** Returns the body of a notice. */
export function webhookBody(notice: Notice): z.infer<typeof WebhookBody> {
  const { id, event, repeat, sequence, at, problem, incident, report } = notice;
  return {
    id,
    event,
    repeat,
    ...(sequence !== undefined && { sequence }),
    at,
    headline: headlineOf(notice),
    problem,
    ...(incident && { incident }),
    links: { report: incident?.report_url },
    ...(report !== undefined && { report_markdown: report }),
  };
}
