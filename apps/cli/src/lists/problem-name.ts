/** Returns the key of a problem as a person reads it: `shop/cart`, and `Node node-1` for what is in no namespace. */
export function shownProblem(key: string): string {
  const parts = key.split('/').map(decoded);
  return parts[0] === '' ? parts.slice(1).join('/').replace('/', ' ') : parts.join('/');
}

/** Returns the key that a person means: a key, or what {@link shownProblem} returns. Kinds begin with a capital, namespaces do not. */
export function problemKeyOf(text: string): string {
  const [, kind, name = ''] = /^([A-Z]\w*)[ /](.+)$/.exec(text) ?? [];
  return kind === undefined ? text : `/${encodeURIComponent(`${kind}/${name}`)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
