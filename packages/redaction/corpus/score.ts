import { redactText } from '../src/redact-text.ts';
import { SECRETS } from './corpus.ts';
import { PLAIN_BY_HAND } from './blind/by-hand.ts';
import { FURTHER_PLAIN_TEXTS } from './blind/further-plain-texts.ts';
import { PLAIN_IN_LOGS } from './blind/in-logs.ts';
import { PLAIN_TEXTS } from './blind/plain-texts.ts';
import { NON_SECRETS } from './non-secrets.ts';

/** How redaction does on the corpus. */
export interface Score {
  secrets: number;
  shapes: number;
  /** Shapes with a secret that remains, each with a redacted text. */
  missed: string[];
  non_secrets: number;
  /** Texts that changed although they contain no secret. */
  false_alarms: string[];
}

/** Redacts the whole corpus. A secret is caught if neither half of it remains. */
export async function scoreCorpus(): Promise<Score> {
  const missed: string[] = [];
  for (const { shape, secret, text } of SECRETS) {
    const redacted = await redactText(text);
    const middle = Math.ceil(secret.length / 2);
    const parts = secret.length < 16 ? [secret] : [secret.slice(0, middle), secret.slice(middle)];
    if (parts.some((part) => redacted.includes(part))) missed.push(`${shape}: ${redacted}`);
  }
  const false_alarms: string[] = [];
  const plain = [...NON_SECRETS, ...PLAIN_TEXTS, ...FURTHER_PLAIN_TEXTS, ...PLAIN_BY_HAND, ...PLAIN_IN_LOGS];
  for (const text of plain) {
    const redacted = await redactText(text);
    if (redacted !== text) false_alarms.push(`${text} -> ${redacted}`);
  }
  return {
    secrets: SECRETS.length,
    shapes: new Set(SECRETS.map(({ shape }) => shape)).size,
    missed,
    non_secrets: plain.length,
    false_alarms,
  };
}
