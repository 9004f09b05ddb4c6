import type { ReportSummary } from '@nightcrier/core/incidents/report';
import { type Section, readSections } from './markdown-sections.ts';

/** What goes into the incident's row is bounded; the whole report stays in the Markdown. */
const LONGEST = { title: 200, text: 2_000, recommendation: 500, recommendations: 20 };

const SUMMARY = /^(executive\s+)?(summary|overview)\b|^tl;?dr\b/i;
const ROOT_CAUSE = /\broot[\s-]*cause\b|^(likely\s+|probable\s+)?cause\b|^diagnosis\b/i;
const RECOMMENDATIONS =
  /^recommend|^(immediate|suggested|recommended|next)\s+(actions?|steps?|fix(es)?)\b|^remediation\b/i;

/** What an agent that answers in words instead of a percentage is taken to mean. */
const CONFIDENCE_WORDS: Record<string, number> = { high: 90, medium: 60, moderate: 60, low: 30 };

/**
 * Reads the parts of an investigation report that are shown and stored apart. The system prompt asks for the headings
 * Summary, Root Cause and Recommendations and for a line `Confidence: NN%`; models vary them, so near forms count too.
 * A report without a title, summary or root cause of its own has its first words stand in: an engineer is better served
 * by a report in an unusual form than by none.
 * @returns undefined when the report has no sentence at all
 */
export function parseReport(markdown: string): ReportSummary | undefined {
  const sections = readSections(markdown);
  const opening = firstParagraph(sections);
  if (opening === undefined) return undefined;

  const summary = firstParagraph(sectionsUnder(sections, SUMMARY)) ?? labelled(sections, 'summary') ?? opening;
  const rootCause =
    firstParagraph(sectionsUnder(sections, ROOT_CAUSE)) ?? labelled(sections, 'root[\\s-]*cause') ?? summary;
  const heading = sections.find((section) => section.level === 1) ?? sections.find((section) => section.level > 0);
  return {
    title: shorten(plain(heading?.heading ?? opening), LONGEST.title),
    summary: shorten(summary, LONGEST.text),
    root_cause: shorten(rootCause, LONGEST.text),
    confidence: readConfidence(sections),
    recommendations: readRecommendations(sectionsUnder(sections, RECOMMENDATIONS)),
  };
}

/** The first section whose heading matches, with the sections below it. */
function sectionsUnder(sections: Section[], heading: RegExp): Section[] {
  const start = sections.findIndex((section) => section.level > 0 && heading.test(plain(section.heading)));
  const first = sections[start];
  if (!first) return [];
  const rest = sections.slice(start + 1);
  const end = rest.findIndex((section) => section.level <= first.level);
  return [first, ...(end === -1 ? rest : rest.slice(0, end))];
}

/** The first paragraph of prose, in one line; a paragraph that only states the confidence is not it. */
function firstParagraph(sections: Section[]): string | undefined {
  return sections
    .flatMap((section) => paragraphs(section.lines))
    .find((text) => /\p{L}/u.test(text) && !/^confidence(\s+level)?\s*[:(]/i.test(text));
}

/** A paragraph such as `**Root Cause:** the image does not exist`, without its label. */
function labelled(sections: Section[], label: string): string | undefined {
  const pattern = new RegExp(`^${label}\\s*:\\s*(\\S.*)$`, 'i');
  return sections
    .flatMap((section) => paragraphs(section.lines))
    .map((text) => pattern.exec(text)?.[1])
    .find((text) => text !== undefined);
}

function readConfidence(sections: Section[]): number | undefined {
  const text = plain(sections.map((section) => [section.heading, ...section.lines].join(' ')).join(' '));
  const percent =
    /\bconfidence\b\D{0,30}?(\d{1,3}(?:\.\d+)?)\s?%/i.exec(text) ??
    /\b(\d{1,3}(?:\.\d+)?)\s?%\s+confiden(?:ce|t)\b/i.exec(text);
  if (percent?.[1] !== undefined && Number(percent[1]) <= 100) return Number(percent[1]);
  const word =
    /\bconfidence(?:\s+level)?\W{0,5}(high|medium|moderate|low)\b/i.exec(text) ??
    /\b(high|medium|moderate|low)\s+confidence\b/i.exec(text);
  return word?.[1] === undefined ? undefined : CONFIDENCE_WORDS[word[1].toLowerCase()];
}

/** The list items of the sections, or, where there is no list, their paragraphs. */
function readRecommendations(sections: Section[]): string[] {
  const lines = sections.flatMap((section) => section.lines);
  const items: string[] = [];
  for (const line of lines) {
    const item = /^ {0,3}(?:[-*+]|\d+[.)])\s+(.*)$/.exec(line)?.[1];
    if (item !== undefined) items.push(item);
    else if (/^\s+\S/.test(line) && items.length > 0) items.push(`${items.pop()} ${line.trim()}`);
  }
  const found = items.length > 0 ? items.map(plain) : paragraphs(lines);
  return found
    .filter((text) => text !== '')
    .slice(0, LONGEST.recommendations)
    .map((text) => shorten(text, LONGEST.recommendation));
}

/** Blocks of lines between blank ones, each in one line; of a list, each item. Tables, rules and comments are left out. */
function paragraphs(lines: string[]): string[] {
  const blocks: string[][] = [[]];
  for (const line of lines) {
    if (/^\s*(\||<!--|-{3,}\s*$|\*{3,}\s*$|_{3,}\s*$)/.test(line) || line.trim() === '') blocks.push([]);
    else if (/^\s*(?:[-*+]|\d+[.)])\s/.test(line)) blocks.push([line.replace(/^\s*(?:[-*+]|\d+[.)])\s+/, '')]);
    else blocks.at(-1)?.push(line);
  }
  return blocks.map((block) => plain(block.join(' '))).filter((text) => text !== '');
}

/** Without emphasis marks, in one line. */
function plain(text: string): string {
  return text
    .replace(/\*\*|__/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
