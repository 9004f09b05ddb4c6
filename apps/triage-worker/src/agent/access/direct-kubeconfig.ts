import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const named = z.array(z.looseObject({ name: z.string() })).nullish();
const Kubeconfig = z.looseObject({
  'current-context': z.string().nullish(),
  contexts: named,
  clusters: named,
  users: named,
});
const Context = z.looseObject({ context: z.looseObject({ cluster: z.string(), user: z.string() }) });

/** Fields that name a file, and the field that holds its content instead, in base64 or as text. */
const FILES = [
  { part: 'cluster', file: 'certificate-authority', content: 'certificate-authority-data', encoding: 'base64' },
  { part: 'user', file: 'client-certificate', content: 'client-certificate-data', encoding: 'base64' },
  { part: 'user', file: 'client-key', content: 'client-key-data', encoding: 'base64' },
  { part: 'user', file: 'tokenFile', content: 'token', encoding: 'utf8' },
] as const;

/**
 * Returns the kubeconfig that a container gets with `kube_access: direct`: the current context alone, because only that one was checked
 * for writing, and the files that it names in place of their paths, which the container does not have. As
 * `kubectl config view --minify --flatten`.
 * @throws Error when a file cannot be read, or there is no current context
 */
export async function directKubeconfig(file: string): Promise<string> {
  const content = Kubeconfig.parse(parse(await readFile(file, 'utf8'), { merge: true, maxAliasCount: 100 }));
  const contexts = (content.contexts ?? []).filter(({ name }) => name === content['current-context']);
  const current = Context.safeParse(contexts[0]);
  if (!current.success) throw new Error(`kubeconfig ${file} has no current context; set one`);
  const { context } = current.data;
  const clusters = (content.clusters ?? []).filter(({ name }) => name === context.cluster).slice(0, 1);
  const users = (content.users ?? []).filter(({ name }) => name === context.user).slice(0, 1);
  for (const { part, file: field, content: data, encoding } of FILES) {
    const [entry] = part === 'cluster' ? clusters : users;
    const fields = z.record(z.string(), z.unknown()).nullish().parse(entry?.[part]);
    const target = fields?.[field];
    if (!fields || typeof target !== 'string' || target === '') continue;
    const text = await readFile(path.resolve(path.dirname(file), target), encoding);
    delete fields[field];
    if (entry) entry[part] = { ...fields, [data]: text.trim() };
  }
  return stringify({ ...content, contexts: contexts.slice(0, 1), clusters, users });
}
