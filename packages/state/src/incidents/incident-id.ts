import { z } from 'zod';

/** Returns whether a text is the id of an incident, a UUID. Ids become names of folders, keys and containers. */
export function isIncidentId(text: string): boolean {
  return z.guid().safeParse(text).success;
}
