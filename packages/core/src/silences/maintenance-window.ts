import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { seconds, text } from '../settings/config-fields.ts';
import { MatcherText } from './matcher-text.ts';

/** Longest window, in seconds. */
const LONGEST_WINDOW = 14 * 86_400;

/** A time that comes again and again, in which problems that match are silenced. */
export const MaintenanceWindow = z
  .strictObject({
    name: text().max(100),
    matchers: MatcherText,
    /** Five fields, as cron has them: minute, hour, day of the month, month, day of the week. */
    cron: text(),
    /** A name of the IANA database, such as `Europe/Berlin`. */
    time_zone: text().default('UTC'),
    duration: seconds(60, LONGEST_WINDOW),
    /** Whether silenced problems are investigated all the same. */
    investigate: z.boolean().default(false),
  })
  .superRefine(({ cron, time_zone }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (!isTimeZone(time_zone)) {
      problem('time_zone', `${JSON.stringify(time_zone)} is no time zone; write one like Europe/Berlin or UTC`);
    } else if (cron.trim().split(/\s+/).length !== 5) {
      problem('cron', `${JSON.stringify(cron)} must have five fields: minute, hour, day of month, month, day of week`);
    } else {
      try {
        CronExpressionParser.parse(cron, { tz: time_zone }).next();
      } catch (error) {
        problem('cron', `${JSON.stringify(cron)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  });
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

/**
 * Returns when a window that is open ends, in milliseconds since the epoch; undefined while it is closed.
 * @param now milliseconds since the epoch
 */
export function openUntil({ cron, time_zone, duration }: MaintenanceWindow, now: number): number | undefined {
  // The start of a minute counts as reached in that minute.
  const currentDate = new Date(now + 1);
  const start = CronExpressionParser.parse(cron, { tz: time_zone, currentDate }).prev().getTime();
  const end = start + duration * 1000;
  return now < end ? end : undefined;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
