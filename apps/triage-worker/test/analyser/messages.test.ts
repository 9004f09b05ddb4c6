import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { diagnose } from '../../src/analyser/diagnose.ts';
import { KnownMessage, messageEvidence } from './message-evidence.ts';
import { expectRecommendations } from './recommendations.ts';

describe.each(['logs', 'kubernetes'])('messages of %s', (file) => {
  const text = readFileSync(new URL(`messages/${file}.yaml`, import.meta.url), 'utf8');
  const messages = z.array(KnownMessage).parse(parse(text));

  it.each(
    messages.map(
      (known) => [known.cause, (known.log ?? known.message).replaceAll(/\s+/g, ' ').slice(0, 120), known] as const,
    ),
  )('names %s for: %s', (cause, _, known) => {
    const { evidence, fault } = messageEvidence(known);
    const [first] = diagnose(evidence, fault).hypotheses;
    expect([cause, ...known.cause_any]).toContain(first?.cause);
    expect(first?.title.replaceAll('\\', '').toLowerCase()).toContain((known.says ?? '').toLowerCase());
  });

  it('recommends commands that a shell understands, the first of them safe', () => {
    const diagnoses = messages.map((known, index) => {
      const { evidence, fault } = messageEvidence(known);
      return { id: `${String(index)} ${known.cause}`, diagnosis: diagnose(evidence, fault) };
    });
    expect(diagnoses).toHaveLength(messages.length);
    expectRecommendations(diagnoses);
  });
});
