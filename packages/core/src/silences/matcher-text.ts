import { z } from 'zod';
import { Matcher } from '../matching/matcher.ts';
import { MatcherSyntaxError, parseMatchers } from '../matching/parse-matchers.ts';

const NOTHING = new Map<string, string>();
const LONGEST = 2000;

/**
 * Matchers as text, in the syntax of Alertmanager: `cluster="prod", namespace=~"shop-.*"`. One of them at least must need a
 * label, or they would match everything by accident.
 */
export const MatcherText = z
  .string()
  .max(LONGEST, { error: `must have at most ${LONGEST} characters` })
  .superRefine((text, context) => {
    try {
      const matchers = parseMatchers(text);
      if (matchers.every((matcher) => matcher.matches(NOTHING)))
        context.addIssue({
          code: 'custom',
          message:
            'must have a matcher that does not match the empty value, such as cluster="prod"; cluster=~".+" matches all clusters',
        });
    } catch (error) {
      if (!(error instanceof MatcherSyntaxError)) throw error;
      context.addIssue({
        code: 'custom',
        message: `${error.message}, at character ${error.offset + 1} of ${JSON.stringify(text)}`,
      });
    }
  });

/** Parses what {@link MatcherText} accepts; text that another version accepts and this one does not matches nothing. */
export function compileMatchers(text: string): Matcher[] {
  try {
    const matchers = parseMatchers(text);
    if (matchers.length > 0) return matchers;
  } catch (error) {
    if (!(error instanceof MatcherSyntaxError)) throw error;
  }
  return [MATCHES_NOTHING];
}

const MATCHES_NOTHING = new Matcher('cluster', '!~', '.*');
