import { exposedFiles } from '@nightcrier/runtime/configuration/file-modes';
import type { Check, CheckContext } from '../check.ts';
import { type Finding, ok, warning } from '../finding.ts';

/** Modes of the files with secrets. */
export const secretFiles: Check = {
  name: 'secrets',
  examine: (context) => [{ subject: 'files', run: async () => inspect(context) }],
};

function inspect({ config }: CheckContext): Finding[] {
  const exposed = exposedFiles(config).map(({ what, file: secret }) =>
    warning(what, `every user of this machine can read ${secret}`, `chmod o-r ${quoted(secret)}`),
  );
  return exposed.length > 0 ? exposed : [ok('files', 'none can be read by every user')];
}

/** Quotes a path for a shell where that is needed. */
export function quoted(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
