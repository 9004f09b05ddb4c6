import type { Incident } from '@nightcrier/core/incidents/incident';
import { redactFailure } from './redact-failure.ts';
import { redactText } from './redact-text.ts';
import { redactValue } from './redact-value.ts';

/** Redacts every text of an incident that comes from its cluster, its agents or a client of the API. */
export async function redactIncident(incident: Incident): Promise<Incident> {
  const { cluster_event, members, reason, agent_failures, last_failure, report } = incident;
  const { cancel_reason, cancel_requested_by } = incident;
  return {
    ...incident,
    cluster_event: {
      ...cluster_event,
      event: await redactContext(cluster_event.event),
      ...(cluster_event.alert && { alert: await redactValue(cluster_event.alert) }),
    },
    members: await Promise.all(members.map(redactContext)),
    ...(reason !== undefined && { reason: await redactText(reason) }),
    ...(agent_failures && { agent_failures: await Promise.all(agent_failures.map(redactFailure)) }),
    ...(last_failure !== undefined && { last_failure: await redactText(last_failure) }),
    ...(cancel_reason !== undefined && { cancel_reason: await redactText(cancel_reason) }),
    ...(cancel_requested_by !== undefined && { cancel_requested_by: await redactText(cancel_requested_by) }),
    ...(report && { report: await redactReport(report) }),
  };
}

async function redactContext<Fault extends { context?: string | undefined }>(fault: Fault): Promise<Fault> {
  return fault.context === undefined ? fault : { ...fault, context: await redactText(fault.context) };
}

async function redactReport(report: NonNullable<Incident['report']>): Promise<NonNullable<Incident['report']>> {
  const { title, summary, root_cause, recommendations, unsupported, diagnosis } = report;
  return {
    ...report,
    title: await redactText(title),
    summary: await redactText(summary),
    root_cause: await redactText(root_cause),
    recommendations: await Promise.all(recommendations.map(redactText)),
    ...(unsupported && {
      unsupported: { ...unsupported, quotes: await Promise.all(unsupported.quotes.map(redactText)) },
    }),
    ...(diagnosis && {
      diagnosis: {
        ...diagnosis,
        hypotheses: await Promise.all(
          diagnosis.hypotheses.map(async (hypothesis) => ({
            ...hypothesis,
            title: await redactText(hypothesis.title),
          })),
        ),
      },
    }),
  };
}
