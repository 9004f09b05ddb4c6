import { type Denial, deny } from './denial.ts';

const LONGEST = 2048;

/** Names of objects may contain `:`, as in `system:node`. No character here has a second meaning anywhere. */
const PLAIN = /^(?:\/[A-Za-z0-9._:@~+-]+)+$/;

/**
 * Splits a path. Encoded characters, empty segments, `.` and `..`, parameters behind `;` and addresses of other servers are denied:
 * what has two spellings can be read in two ways.
 */
export function segmentsOf(path: string): { segments: string[] } | Denial {
  if (path.length > LONGEST) return deny('path', `the path is longer than ${LONGEST} characters`);
  if (!path.startsWith('/')) return deny('path', 'the request target is not a path');
  if (!PLAIN.test(path))
    return deny('path', 'the path is not in its plain form (encoding, empty segment or special character)');
  const segments = path.slice(1).split('/');
  if (segments.some((segment) => /^\.+$/.test(segment))) return deny('path', 'the path has a relative segment');
  return { segments };
}
