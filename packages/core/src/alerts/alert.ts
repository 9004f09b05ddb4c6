import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Alerts with this label are Nightcrier's own, such as those that report an incident to an Alertmanager. They are dropped: an
 * incident about an incident would never end.
 */
export const OWN_ALERT_LABEL = 'nightcrier';

/** The characters of a label or annotation that are kept. */
const LONGEST_VALUE = 2_000;
/** The labels or annotations of one alert. */
const MOST_VALUES = 100;

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,199}$/;

/** Names to texts. Empty values count as missing, as in Prometheus. Names that no object can hold as its own are left out. */
const Texts = z
  .record(z.string(), z.string())
  .refine((texts) => Object.keys(texts).length <= MOST_VALUES, { error: `has more than ${MOST_VALUES} entries` })
  .transform((texts) =>
    Object.fromEntries(
      Object.entries(texts).flatMap(([name, value]): [string, string][] =>
        LABEL_NAME.test(name) && name !== '__proto__' && value !== ''
          ? [[name, cut(value.toWellFormed(), LONGEST_VALUE)]]
          : [],
      ),
    ),
  );

/** An alert, with the fields of version 2 of Alertmanager's API. Labels and annotations are data of the cluster. */
export const Alert = z.object({
  labels: Texts,
  annotations: Texts,
  /** RFC 3339 */
  startsAt: z.string(),
  /** When it was resolved, or counts as resolved unless it is sent again, RFC 3339. */
  endsAt: z.string().optional(),
  /** The page of the rule at its Prometheus. */
  generatorURL: z.string().optional(),
});
export type Alert = z.infer<typeof Alert>;

/** Returns the value of a label, undefined where the alert does not have it. */
export function labelOf({ labels }: Pick<Alert, 'labels'>, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/** Returns the name of the rule that fired. */
export function alertName(alert: Pick<Alert, 'labels'>): string {
  return labelOf(alert, 'alertname') ?? 'Alert';
}

/** Returns what the annotations say, one line each, the most usual first. */
export function alertText({ annotations }: Pick<Alert, 'annotations'>): string {
  const known = ['summary', 'description', 'message'];
  const names = [...known, ...Object.keys(annotations).filter((name) => !known.includes(name) && !/url/i.test(name))];
  return names.flatMap((name) => (Object.hasOwn(annotations, name) ? (annotations[name] ?? []) : [])).join('\n');
}

/**
 * Identifies an alert by its labels: 16 hexadecimal digits. The same alert has the same one whether Prometheus or Alertmanager
 * sends it.
 */
export function alertFingerprint({ labels }: Pick<Alert, 'labels'>): string {
  const sorted = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed()}…`;
}
