import { BY_HAND } from './blind/by-hand.ts';
import { COMMANDS } from './blind/commands.ts';
import { CONNECTIONS } from './blind/connections.ts';
import { ENCODED } from './blind/encoded.ts';
import { FILES } from './blind/files.ts';
import { FORMATS } from './blind/formats.ts';
import { FURTHER } from './blind/further.ts';
import { IN_LOGS } from './blind/in-logs.ts';
import { PROVIDERS } from './blind/providers.ts';
import { REQUESTS } from './blind/requests.ts';
import { CONTAINED_SHAPES } from './contained-shapes.ts';
import { type NamedSecret, NAMED_SECRETS } from './named-secrets.ts';
import { ODD_SHAPES } from './odd-shapes.ts';
import { TOKENS } from './tokens.ts';

export interface LabelledSecret extends NamedSecret {
  shape: string;
}

/** Contexts of a token that is recognised by its form: a log line, JSON, a URL, a command, a list. */
const CONTEXTS: readonly ((token: string) => string)[] = [
  (token) => `2026-01-02T03:04:05Z ERROR request with ${token} was refused`,
  (token) => `{"level":"info","msg":"using ${token}","attempt":2}`,
  (token) => `retrying (${token}), attempt 2`,
];

/** Written before the rules were read, by kind. */
const BLIND = {
  format: FORMATS,
  connection: CONNECTIONS,
  command: COMMANDS,
  request: REQUESTS,
  file: FILES,
  provider: PROVIDERS,
  encoded: ENCODED,
  further: FURTHER,
  'by hand': BY_HAND,
  'in logs': IN_LOGS,
};

/** Each shape of a secret with two values, labelled with what must not remain. */
export const SECRETS: readonly LabelledSecret[] = [
  ...Object.entries(TOKENS).flatMap(([shape, token], index) =>
    [1, 2].map((seed) => {
      const secret = token(seed);
      const context = CONTEXTS[(index + seed) % CONTEXTS.length];
      return { shape, secret, text: context?.(secret) ?? secret };
    }),
  ),
  ...Object.entries({ ...NAMED_SECRETS, ...ODD_SHAPES, ...CONTAINED_SHAPES }).flatMap(([shape, named]) =>
    [1, 2].map((seed) => ({ shape, ...named(seed) })),
  ),
  ...Object.entries(BLIND).flatMap(([kind, shapes]) =>
    Object.entries(shapes).flatMap(([shape, named]) =>
      [1, 2].map((seed) => ({ shape: `${kind}: ${shape}`, ...named(seed) })),
    ),
  ),
];
