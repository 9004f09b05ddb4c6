import { OutgoingDispatcher } from '@nightcrier/cluster/outgoing/dispatcher';
import { OWN_ALERT_LABEL } from '@nightcrier/core/alerts/alert';
import type { Logger } from '@nightcrier/core/logger';
import type { PostedAlerts } from '@nightcrier/state/notifications/posted-alerts';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DeliveryError } from '../delivery-error.ts';
import type { Notice } from '../content/notice.ts';
import { headlineOf, paragraphsOf, statusOf } from '../content/wording.ts';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';
import { post } from './post.ts';

export interface AlertmanagerOptions {
  /** Addresses of all instances. */
  urls: readonly string[];
  /** Returns the value of the header Authorization. */
  readAuthorization: () => Promise<string | undefined>;
  caFile: string | undefined;
  /** Added to every alert. */
  labels: Readonly<Record<string, string>>;
  posted: PostedAlerts;
  /** Times in milliseconds. */
  times: AlertmanagerTimes;
  logger: Logger;
}

export interface AlertmanagerTimes {
  /** Between two posts of an alert that is firing. */
  interval: number;
  /** From a post to the end of the alert, which the next post moves. */
  lifetime: number;
}

export const ALERTMANAGER_TIMES: AlertmanagerTimes = { interval: 60_000, lifetime: 240_000 };

const RATE = { max: 50, duration: 1_000 };
/** Alerts in one request. */
const BATCH = 200;
const LONGEST_ANNOTATION = 4_000;

const Alert = z.object({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  startsAt: z.string(),
  generatorURL: z.string().optional(),
});
type Alert = z.infer<typeof Alert>;

/**
 * The instances of an Alertmanager: each problem is an alert, which is posted again while it is firing, since an alert ends that is
 * not, and resolved when the problem has recovered. Every instance gets every alert; one that accepts it is enough.
 */
export function alertmanager({ id, receiver }: TargetIdentity, options: AlertmanagerOptions): NotificationTarget {
  const { posted, times, logger } = options;
  return {
    id,
    receiver,
    kind: 'alertmanager',
    rate: RATE,
    inOrder: true,
    keepsState: true,
    async deliver(notice, _part, signal) {
      const before = parseAlert(await posted.get(id, notice.subject));
      const alert = alertOf(notice, options.labels, before);
      if (notice.problem.state !== 'firing') {
        await send([ended(before ?? alert, notice.problem.recovered_at ?? notice.at)], signal);
        await posted.remove(id, notice.subject);
        return undefined;
      }
      // An alert with another severity is another alert to Alertmanager.
      const replaced = before && before.labels.severity !== alert.labels.severity ? [ended(before, notice.at)] : [];
      // First, so that it is posted again in any case.
      await posted.set(id, notice.subject, JSON.stringify(alert));
      await send([...replaced, firing(alert)], signal);
      return undefined;
    },
    async check(signal) {
      // A list of no alerts.
      await send([], signal);
      return 'accepted';
    },
    async refresh(signal) {
      if (!(await posted.takeTurn(id, times.interval))) return;
      const alerts = [...(await posted.read(id)).values()].flatMap((text) => parseAlert(text) ?? []);
      for (let from = 0; from < alerts.length; from += BATCH)
        await send(
          alerts.slice(from, from + BATCH).map((alert) => firing(alert)),
          signal,
        );
    },
  };

  function firing(alert: Alert): object {
    return { ...alert, endsAt: new Date(Date.now() + times.lifetime).toISOString() };
  }

  /** Posts to every instance. @throws DeliveryError unless one accepts */
  async function send(alerts: object[], signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(alerts);
    const authorization = await options.readAuthorization();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const dispatcher = await dispatcherOf(options.caFile);
    try {
      const results = await Promise.allSettled(
        options.urls.map(async (url) => {
          const address = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
          return post(`Alertmanager ${new URL(url).host}`, address, {
            body,
            headers,
            signal,
            ...(dispatcher && { dispatcher }),
          });
        }),
      );
      const failures = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
      if (failures.length === 0) return;
      if (failures.length === options.urls.length) throw failures[0];
      for (const error of failures)
        logger.warn({ target: id, error }, 'alert not accepted by one Alertmanager of several');
    } finally {
      await dispatcher?.close();
    }
  }
}

async function dispatcherOf(caFile: string | undefined): Promise<OutgoingDispatcher | undefined> {
  if (caFile === undefined) return undefined;
  try {
    return new OutgoingDispatcher({ connect: { ca: await readFile(caFile) } });
  } catch (cause) {
    throw new DeliveryError(`ca_file ${caFile} is not readable`, { kind: 'failed' }, { cause });
  }
}

/** The labels identify the alert, so those of the first one stay; the severity can rise. */
function alertOf(notice: Notice, added: Readonly<Record<string, string>>, before: Alert | undefined): Alert {
  const { problem, incident } = notice;
  const labels = before?.labels ?? labelsOf(notice, added);
  const url = incident?.report_url;
  const annotations: [string, string][] = [
    ['summary', headlineOf(notice)],
    ['description', statusOf(notice)],
    ...paragraphsOf(notice).map(({ heading, text, steps = [] }): [string, string] => [
      heading.toLowerCase().replaceAll(' ', '_'),
      text ?? steps.map((step, at) => `${at + 1}. ${step}`).join('\n'),
    ]),
    ...(url === undefined ? [] : [['report', url] satisfies [string, string]]),
  ];
  return {
    labels: { ...labels, severity: problem.severity },
    annotations: Object.fromEntries(
      annotations.map(([name, text]) => [name, text.toWellFormed().slice(0, LONGEST_ANNOTATION)]),
    ),
    startsAt: problem.since,
    ...(url !== undefined && { generatorURL: url }),
  };
}

function labelsOf({ problem }: Notice, added: Readonly<Record<string, string>>): Record<string, string> {
  const own: Record<string, string | undefined> = {
    alertname: problem.fault_types[0] ?? 'NightcrierProblem',
    cluster: problem.cluster,
    environment: problem.environment,
    namespace: problem.namespace,
    workload: problem.workload,
    node: problem.node,
    component: problem.component,
    nightcrier_problem: problem.key,
    [OWN_ALERT_LABEL]: 'true',
  };
  const all = [...Object.entries(problem.labels), ...Object.entries(added), ...Object.entries(own)];
  return Object.fromEntries(
    all.flatMap(([name, value]) =>
      value ? [[name.replaceAll(/[^a-zA-Z0-9_]|^(?=\d)/g, '_'), value.toWellFormed()]] : [],
    ),
  );
}

function ended(alert: Alert, at: string): object {
  return { ...alert, endsAt: at };
}

function parseAlert(text: string | undefined): Alert | undefined {
  if (text === undefined) return undefined;
  try {
    return Alert.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
