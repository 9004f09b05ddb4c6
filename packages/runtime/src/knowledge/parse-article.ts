import type { Article, ArticleLink } from '@nightcrier/core/knowledge/article';
import { CLUSTER_LABEL, INCIDENT_LABELS, isIncidentLabel } from '@nightcrier/core/knowledge/incident-labels';
import { CAUSES, isCause, type Cause } from '@nightcrier/core/diagnosis/cause';
import type { Matcher } from '@nightcrier/core/matching/matcher';
import { MatcherSyntaxError, parseMatchers } from '@nightcrier/core/matching/parse-matchers';
import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { YamlSource } from '../configuration/yaml-source.ts';

/** Front matter of an article. */
const FrontMatter = z.strictObject({
  title: z.string().trim().min(1).max(200).optional(),
  matchers: z.union([z.string(), z.array(z.string()).max(50)]).optional(),
  causes: z.array(z.string()).max(50).optional(),
  links: z
    .array(
      z.union([
        z.url({ protocol: /^https?$/ }).max(2_000),
        z.strictObject({ title: z.string().trim().min(1).max(200), url: z.url({ protocol: /^https?$/ }).max(2_000) }),
      ]),
    )
    .max(20)
    .optional(),
});

/** An article, or every problem of its file as `FILE:LINE:COLUMN: message`. */
export type ParsedArticle = { article: Article } | { problems: string[] };

/**
 * Parses a Markdown file with front matter.
 * @param file path below the folder
 * @param shownFile path in problems
 */
export function parseArticle(file: string, text: string, shownFile = file): ParsedArticle {
  const split = splitFrontMatter(text);
  if (typeof split === 'string') return { problems: [`${shownFile}:1:1: ${split}`] };
  const { front, body } = split;
  const source = new YamlSource(shownFile, front, {});
  if (source.problems.length > 0) return { problems: source.problems };
  const parsed = FrontMatter.safeParse(source.values() ?? {});
  if (!parsed.success) {
    return {
      problems: parsed.error.issues.map(
        ({ path, message, ...issue }) =>
          `${source.locate(issue.code === 'unrecognized_keys' ? [...path, ...('keys' in issue ? issue.keys.slice(0, 1) : [])] : path)} ${path.join('.')}${path.length > 0 ? ': ' : ''}${message}`,
      ),
    };
  }
  const { title, links = [] } = parsed.data;
  const problems: string[] = [];
  const matchers = readMatchers(parsed.data.matchers, source, problems);
  const causes = readCauses(parsed.data.causes ?? [], source, problems);
  if (problems.length === 0 && matchers.length === 0 && causes.length === 0) {
    problems.push(
      `${source.locate([])} has neither matchers nor causes; for every incident: matchers: 'cluster=~".+"'`,
    );
  }
  if (problems.length > 0) return { problems };
  return {
    article: {
      file,
      title: title ?? headingOf(body) ?? file.replace(/\.md$/i, ''),
      matchers,
      causes,
      links: links.map((link): ArticleLink => (typeof link === 'string' ? { title: link, url: link } : link)),
      body: body.trim(),
    },
  };
}

/** The front matter keeps the line numbers of the file: its first line, `---`, is the marker of a YAML document. */
function splitFrontMatter(text: string): { front: string; body: string } | string {
  const lines = text.replace(/^\u{FEFF}/u, '').split(/\r?\n/);
  if (lines[0]?.trimEnd() !== '---') return 'has no front matter: the first line must be ---';
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---');
  if (end === -1) return 'the front matter does not end: a line --- is missing';
  return { front: lines.slice(0, end).join('\n'), body: lines.slice(end + 1).join('\n') };
}

function readMatchers(given: string | string[] | undefined, source: YamlSource, problems: string[]): Matcher[] {
  const texts = given === undefined ? [] : typeof given === 'string' ? [given] : given;
  return texts.flatMap((text, index) => {
    const at = source.locate(typeof given === 'string' ? ['matchers'] : ['matchers', index]);
    try {
      const matchers = parseMatchers(text);
      if (matchers.length === 0) problems.push(`${at} matchers: ${JSON.stringify(text)} is empty`);
      for (const { name } of matchers) if (!isIncidentLabel(name)) problems.push(`${at} ${unknownLabel(name)}`);
      for (const { name, operator, value } of matchers)
        if (name === 'cause' && operator === '=' && value !== '' && !isCause(value))
          problems.push(`${at} ${unknownCause(value)}`);
      return matchers;
    } catch (error) {
      if (!(error instanceof MatcherSyntaxError)) throw error;
      problems.push(`${at} matchers: ${JSON.stringify(text)}, character ${error.offset + 1}: ${error.message}`);
      return [];
    }
  });
}

function readCauses(codes: string[], source: YamlSource, problems: string[]): Cause[] {
  return codes.flatMap((code, index) => {
    if (isCause(code)) return [code];
    problems.push(`${source.locate(['causes', index])} ${unknownCause(code)}`);
    return [];
  });
}

function unknownLabel(name: string): string {
  const nearest = closest(name, [...INCIDENT_LABELS]);
  const hint =
    distance(name, nearest) <= Math.max(2, name.length / 3)
      ? `did you mean ${nearest}?`
      : `known labels: ${INCIDENT_LABELS.join(', ')}; a label of the cluster is ${CLUSTER_LABEL}NAME`;
  return `matchers: an incident has no label ${JSON.stringify(name)}; ${hint}`;
}

function unknownCause(code: string): string {
  const nearest = closest(code, Object.keys(CAUSES));
  return `there is no cause ${JSON.stringify(code)}; did you mean ${nearest}? All codes are in docs/causes.md`;
}

function headingOf(body: string): string | undefined {
  return /^#{1,6}[ \t]+(\S.{0,200})$/m.exec(body)?.[1]?.trim();
}
