import type { ReportSummary } from '@nightcrier/core/incidents/report';
import { type Section, readSections } from './markdown-sections.ts';

/** What goes into the incident's row is bounded; the whole report stays in the Markdown. */
/** Of the text in which the confidence is looked for, in characters. */
const MOST_TEXT = 20_000;

const LONGEST = { title: 200, text: 2_000, recommendation: 500, recommendations: 20 };

const SUMMARY = /^(executive\s+)?(summary|overview)\b|^tl;?dr\b/i;
const ROOT_CAUSE = /\broot[\s-]*cause\b|^(likely\s+|probable\s+)?cause\b|^diagnosis\b/i;
const RECOMMENDATIONS =
  /^recommend|^(immediate|suggested|recommended|next|proposed)\s+(actions?|steps?|fix(es)?)\b|^remediation\b|^(action|fix|resolution)\s+(plan|items?|steps?)\b|^what to do\b/i;
const CONFIDENCE = /^confidence\b/i;

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

  const cause = firstParagraph(sectionsUnder(sections, ROOT_CAUSE)) ?? labelled(sections, 'root[\\s-]*cause');
  const summary = firstParagraph(sectionsUnder(sections, SUMMARY)) ?? labelled(sections, 'summary') ?? cause ?? opening;
  const rootCause = cause ?? summary;
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
  const start = sections.findIndex((section) => section.level > 0 && heading.test(unnumbered(plain(section.heading))));
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

/** The confidence stands in a section of its own, with the root cause, in the summary or in the opening; nowhere else. */
function readConfidence(sections: Section[]): number | undefined {
  const opening = sections.slice(0, 1 + sections.findIndex(({ level }) => level > 1));
  const places = [
    sectionsUnder(sections, CONFIDENCE),
    sectionsUnder(sections, ROOT_CAUSE),
    sectionsUnder(sections, SUMMARY),
    opening.length > 0 ? opening : sections,
    sections.map((section) => ({ ...section, heading: '', lines: section.lines.filter(isConfidenceLine) })),
  ];
  for (const place of places) {
    const found = confidenceIn(
      plain(
        place
          .map(({ heading, lines }) => [heading, ...lines].join(' '))
          .join(' ')
          .slice(0, MOST_TEXT),
      ),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `Confidence: 80%` as a line of its own may stand anywhere. */
function isConfidenceLine(line: string): boolean {
  return /^[\s>*_-]{0,10}confidence(\s+level)?[\s*_]{0,6}[:(]/i.test(line);
}

function confidenceIn(text: string): number | undefined {
  const percent =
    /\bconfidence\b\D{0,30}?(\d{1,3}(?:\.\d{1,3})?)\s?%/i.exec(text) ??
    /\b(\d{1,3}(?:\.\d{1,3})?)\s?%\s{1,3}confiden(?:ce|t)\b/i.exec(text);
  if (percent?.[1] !== undefined && Number(percent[1]) <= 100) return Number(percent[1]);
  const word =
    /\bconfidence(?:\s{1,3}level)?\W{0,5}(high|medium|moderate|low)\b/i.exec(text) ??
    /\b(high|medium|moderate|low)\s{1,3}confidence\b/i.exec(text);
  return word?.[1] === undefined ? undefined : CONFIDENCE_WORDS[word[1].toLowerCase()];
}

/** The list items of the sections, or, where there is no list, their paragraphs. */
function readRecommendations(sections: Section[]): string[] {
  const lines = sections.flatMap((section) => section.lines);
  const items: string[] = [];
  for (const line of lines) {
    const item = /^ {0,3}(?:[-*+]|\d{1,9}[.)])\s+(.*)$/.exec(line)?.[1] ?? tableItem(line);
    if (item !== undefined) items.push(item);
    else if (/^\s+\S/.test(line) && items.length > 0) items.push(`${items.pop()} ${line.trim()}`);
  }
  const found = items.length > 0 ? items.map(plain) : paragraphs(lines);
  return found
    .filter((text) => text !== '')
    .slice(0, LONGEST.recommendations)
    .map((text) => shorten(text, LONGEST.recommendation));
}

/** What a row of a table says: its longest cell. Rules and headings of columns say nothing. */
function tableItem(line: string): string | undefined {
  if (!/^ {0,3}\|/.test(line) || /^[\s|:-]+$/.test(line)) return undefined;
  const cells = line.split('|').map((cell) => cell.trim());
  const longest = cells.sort((a, b) => b.length - a.length)[0] ?? '';
  return longest.length >= 12 && longest.includes(' ') ? longest : undefined;
}

/** Without the number of a numbered heading. */
function unnumbered(text: string): string {
  return text.replace(/^(?:step\s+)?\d{1,3}(?:\.\d{1,3}){0,3}[.):]?\s+/i, '');
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
    .slice(0, MOST_TEXT)
    .replace(/\*\*|__/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
