import { z } from 'zod';
import { inSlices } from '../async/time-slices.ts';
import { Alert } from './alert.ts';

/** An alert as it arrived. */
export interface ReceivedAlert extends Alert {
  /** Whether its sender reports that it has ended. */
  resolved: boolean;
}

export interface ParsedAlerts {
  alerts: ReceivedAlert[];
  /** What is wrong with the others, one text each. */
  problems: string[];
}

/** Go's zero time stands for "not set". */
const ZERO_TIME = /^0001-01-01T/;

const Time = z
  .string()
  .optional()
  .transform((text, context) => {
    if (text === undefined || text === '' || ZERO_TIME.test(text)) return undefined;
    const time = z.iso.datetime({ offset: true }).safeParse(text);
    if (time.success && Date.parse(text) >= 0) return new Date(text).toISOString();
    context.addIssue({ code: 'custom', message: 'must be an RFC 3339 time' });
    return z.NEVER;
  });

/** An alert of a request, in either format. Null stands for missing, as Go writes it. */
const Posted = z.object({
  status: z.string().nullish(),
  labels: Alert.shape.labels,
  annotations: Alert.shape.annotations.nullish(),
  startsAt: Time,
  endsAt: Time,
  generatorURL: z.string().nullish(),
});

/** The envelope of Alertmanager's webhook, version 4. */
const Webhook = z.object({ version: z.literal('4'), alerts: z.array(z.unknown()) });

/**
 * Reads the body of a request: the list of `POST /api/v2/alerts`, as Prometheus sends it, or the object that Alertmanager's
 * webhook receiver sends. Alerts that cannot be read do not keep the others from being read. A large request does not block the
 * event loop.
 * @returns undefined for a body of neither format
 */
export async function parseAlerts(body: unknown, now: number): Promise<ParsedAlerts | undefined> {
  const list = Array.isArray(body) ? (body as unknown[]) : Webhook.safeParse(body).data?.alerts;
  return list && inSlices(parsing(list, now));
}

/** Alerts that are read without an interruption: a few milliseconds. */
const AT_ONCE = 50;

function* parsing(list: readonly unknown[], now: number): Generator<void, ParsedAlerts> {
  const parsed: ParsedAlerts = { alerts: [], problems: [] };
  for (const [index, item] of list.entries()) {
    if (index % AT_ONCE === 0) yield;
    const { data, error } = hasLabels(item) ? Posted.safeParse(item) : {};
    if (data && Object.keys(data.labels).length > 0) parsed.alerts.push(received(data, now));
    else parsed.problems.push(`alert ${index}: ${describe(error)}`);
  }
  return parsed;
}

/** Decides quickly about what is no alert at all: of that, a request can hold most, and the schema takes long to refuse it. */
function hasLabels(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'labels' in item && typeof item.labels === 'object';
}

function received(
  { status, labels, annotations, startsAt, endsAt, generatorURL }: z.infer<typeof Posted>,
  now: number,
): ReceivedAlert {
  const ended = endsAt !== undefined && Date.parse(endsAt) <= now;
  // A sender whose clock is fast must not make an alert that has not begun yet.
  const began = Math.min(now, Date.parse(startsAt ?? endsAt ?? '') || now);
  return {
    labels,
    annotations: annotations ?? {},
    startsAt: new Date(began).toISOString(),
    ...(endsAt !== undefined && { endsAt }),
    ...(generatorURL && { generatorURL: generatorURL.slice(0, 2_000) }),
    resolved: status === 'resolved' || ended,
  };
}

function describe(error: z.ZodError | undefined): string {
  const [issue] = error?.issues ?? [];
  if (!issue) return 'has no labels';
  return `${issue.path.map(String).join('.') || 'it'}: ${issue.message}`.slice(0, 300);
}
