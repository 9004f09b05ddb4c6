/**
 * Returns the media types that may be asked of the API server. Answers with objects are redacted, which needs JSON; the API server
 * sends it also where a client prefers protobuf. `as=Table` and the like are JSON.
 */
export function jsonOnly(accept: string | undefined): string {
  const ranges = (accept ?? '')
    .split(',')
    .map((range) => range.trim())
    .filter((range) => JSON_RANGE.test(range));
  return ranges.length === 0 ? 'application/json' : ranges.join(',');
}

const JSON_RANGE = /^application\/json(?:;\s*[a-z]+=[\w.]+)*$/i;

/** Discovery and OpenAPI documents contain no objects; kubectl reads one of them as protobuf only. */
export function documentTypes(accept: string | undefined): string {
  return accept !== undefined && /^[\w.+/@;=, *-]{1,500}$/.test(accept) ? accept : 'application/json';
}
