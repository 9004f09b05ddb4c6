import { z } from 'zod';
import { routingProblems } from '../../routing/route-problems.ts';
import { innerOf, metaOf } from '../config-fields.ts';
import { RouteConfig, ReceiverConfig } from '../sections/receivers.ts';
import { type ConfigProblem, isRecord } from './config-problem.ts';
import type { ConfigSurroundings } from './config-surroundings.ts';
import { bothSet, secretFileProblems, unreadable } from './file-checks.ts';

/** Checks routes and receivers: names, matchers, what is unreachable, and the files of secrets. Only triage workers use them. */
export function routingChecks(
  raw: Record<string, unknown>,
  clusters: unknown,
  surroundings: ConfigSurroundings,
): { problems: ConfigProblem[]; warnings: ConfigProblem[] } {
  const { process } = surroundings;
  if (process !== undefined && process !== 'triage-worker') return { problems: [], warnings: [] };
  const receivers = Array.isArray(raw.receivers) ? raw.receivers : [];
  const files = receivers.flatMap((entry: unknown, index) =>
    isRecord(entry) ? nestedFileProblems(ReceiverConfig, entry, ['receivers', index], surroundings) : [],
  );
  const route = raw.route === undefined ? undefined : RouteConfig.safeParse(raw.route);
  // The schema reports what is wrong with its form.
  if (route && !route.success) return { problems: files, warnings: [] };
  const { problems, warnings } = routingProblems(route?.data, {
    receivers: receivers.map((entry: unknown) => (isRecord(entry) ? String(entry.name) : '')),
    hasDefault: ['slack_webhook_url', 'slack_channel', 'webhook_url'].some(
      (key) => raw[key] !== undefined || raw[`${key}_file`] !== undefined,
    ),
    clusterLabels: labelNames(clusters),
  });
  return { problems: [...files, ...problems], warnings };
}

function labelNames(clusters: unknown): Set<string> {
  const entries: unknown[] = Array.isArray(clusters) ? clusters : [];
  return new Set(
    entries.flatMap((entry) => (isRecord(entry) && isRecord(entry.labels) ? Object.keys(entry.labels) : [])),
  );
}

/** Checks the files that the objects of a list name: of secrets and certificates. */
function nestedFileProblems(
  schema: z.ZodObject,
  entry: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  return Object.entries(schema.shape).flatMap(([key, field]): ConfigProblem[] => {
    const value = entry[key];
    const at = [...path, key];
    const item = itemOf(field);
    if (item && Array.isArray(value)) {
      return value.flatMap((one: unknown, index) =>
        isRecord(one) ? nestedFileProblems(item, one, [...at, index], surroundings) : [],
      );
    }
    if (typeof value !== 'string' || metaOf(field).path !== 'file') return [];
    const plain = schema.shape[key.replace(/_file$/, '')];
    if (!plain) return surroundings.read(value) === undefined ? [unreadable(at, value)] : [];
    if (entry[key.replace(/_file$/, '')] !== undefined) return [bothSet(at, key.replace(/_file$/, ''))];
    return secretFileProblems(at, value, surroundings, (text) => z.safeParse(plain, text).error?.issues[0]?.message);
  });
}

function itemOf(field: z.core.$ZodType): z.ZodObject | undefined {
  if (field instanceof z.ZodArray) return field.element instanceof z.ZodObject ? field.element : undefined;
  const inner = innerOf(field);
  return inner && itemOf(inner);
}
