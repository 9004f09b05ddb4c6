import { parseDocument } from 'yaml';

/** Says why the text of a kubeconfig cannot be used; undefined if it can. The message repeats names, never credentials. */
export function kubeconfigProblem(text: string): string | undefined {
  if (text.trim() === '') return 'is empty';
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  if (document.errors.length > 0) return 'is not valid YAML';
  const config = valuesOf(document);
  if (!isRecord(config)) return 'is not a kubeconfig: it must be a mapping';
  const current = config['current-context'];
  if (typeof current !== 'string' || current === '') return 'has no current-context';
  const context = named(config.contexts, current)?.context;
  if (!isRecord(context)) return `has the current-context ${JSON.stringify(current)}, which is not among its contexts`;
  for (const [key, list] of [
    ['cluster', config.clusters],
    ['user', config.users],
  ] as const) {
    const name = context[key];
    if (typeof name !== 'string' || !named(list, name)) {
      return `has the context ${JSON.stringify(current)}, whose ${key} ${JSON.stringify(name ?? null)} is not among its ${key}s`;
    }
  }
  return undefined;
}

function valuesOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function named(list: unknown, name: string): Record<string, unknown> | undefined {
  return Array.isArray(list) ? list.filter(isRecord).find((entry) => entry.name === name) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
