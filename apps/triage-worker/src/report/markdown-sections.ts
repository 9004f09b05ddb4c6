import { markdownBlocks } from './markdown-blocks.ts';

/** A heading and the lines below it, up to the next heading. Level 0 is the text before the first heading. */
export interface Section {
  level: number;
  heading: string;
  lines: string[];
}

/** Splits Markdown at its headings. Code blocks are left out: what a log or a manifest says is not the report. */
export function readSections(markdown: string): Section[] {
  const sections: Section[] = [{ level: 0, heading: '', lines: [] }];
  for (const block of markdownBlocks(markdown)) {
    if (block.kind === 'heading') sections.push({ level: block.level, heading: block.text, lines: [] });
    else if (block.kind === 'line') sections.at(-1)?.lines.push(block.text);
  }
  return sections;
}
