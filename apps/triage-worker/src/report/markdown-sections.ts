/** A heading and the lines below it, up to the next heading. Level 0 is the text before the first heading. */
export interface Section {
  level: number;
  heading: string;
  lines: string[];
}

/** Splits Markdown at its `#` headings. Fenced code is left out: what a log or a manifest says is not the report. */
export function readSections(markdown: string): Section[] {
  const sections: Section[] = [{ level: 0, heading: '', lines: [] }];
  let fence: string | undefined;
  for (const line of markdown.split(/\r?\n/)) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined;
    } else if (mark) {
      fence = mark;
    } else {
      const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
      if (heading) sections.push({ level: heading[1]?.length ?? 1, heading: heading[2] ?? '', lines: [] });
      else sections.at(-1)?.lines.push(line);
    }
  }
  return sections;
}
