import { lexer } from 'marked';

/** A heading and the lines below it, up to the next heading. Level 0 is the text before the first heading. */
export interface Section {
  level: number;
  heading: string;
  lines: string[];
}

/** Splits Markdown at its headings. Code blocks are left out: what a log or a manifest says is not the report. */
export function readSections(markdown: string): Section[] {
  const sections: Section[] = [{ level: 0, heading: '', lines: [] }];
  for (const token of lexer(markdown)) {
    if (token.type === 'heading') sections.push({ level: Number(token.depth), heading: String(token.text), lines: [] });
    else if (token.type !== 'code') sections.at(-1)?.lines.push(...token.raw.split('\n'));
  }
  return sections;
}
