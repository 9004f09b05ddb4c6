import type { Article } from '@nightcrier/core/knowledge/article';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArticle, type ParsedArticle } from './parse-article.ts';

/** Articles, and what is wrong with the files that give none. */
export interface Knowledge {
  articles: Article[];
  /** `FILE:LINE:COLUMN: message`. */
  problems: string[];
}

const LONGEST_FILE = 256 * 1024;
const MOST_FILES = 1_000;
const DEEPEST = 5;

/**
 * The Markdown files of a folder. Each call of {@link read} notices what was changed since the last one: a file is parsed again when
 * its size or time of change differs. `README.md` and names that begin with a dot are no articles; a folder that is missing holds
 * none.
 */
export class KnowledgeFolder {
  readonly #known = new Map<string, { version: string; parsed: ParsedArticle }>();

  async read(folder: string): Promise<Knowledge> {
    const problems: string[] = [];
    const files = await this.#files(folder, '', problems);
    if (files.length > MOST_FILES)
      problems.push(`${folder}:1:1: has ${files.length} articles; only the first ${MOST_FILES} are read`);
    const articles: Article[] = [];
    const kept = files.slice(0, MOST_FILES);
    for (const file of kept) {
      const parsed = await this.#parsed(folder, file);
      if ('article' in parsed) articles.push(parsed.article);
      else problems.push(...parsed.problems);
    }
    const present = new Set(kept.map((file) => path.join(folder, file)));
    for (const file of this.#known.keys()) if (!present.has(file)) this.#known.delete(file);
    return { articles, problems };
  }

  async #files(folder: string, below: string, problems: string[], depth = 0): Promise<string[]> {
    let entries: string[];
    try {
      entries = (await readdir(path.join(folder, below))).toSorted();
    } catch (error) {
      if (!isMissing(error)) problems.push(`${path.join(folder, below)}:1:1: cannot be read: ${messageOf(error)}`);
      return [];
    }
    const found: string[] = [];
    for (const name of entries) {
      if (name.startsWith('.') || name === 'README.md') continue;
      const file = path.join(below, name);
      if (/\.md$/i.test(name)) found.push(file);
      else if (depth < DEEPEST && (await isDirectory(path.join(folder, file))))
        found.push(...(await this.#files(folder, file, problems, depth + 1)));
    }
    return found;
  }

  async #parsed(folder: string, file: string): Promise<ParsedArticle> {
    const whole = path.join(folder, file);
    try {
      const { size, mtimeMs, ino } = await stat(whole);
      const version = `${size}/${mtimeMs}/${ino}`;
      const known = this.#known.get(whole);
      if (known?.version === version) return known.parsed;
      const parsed = size > LONGEST_FILE ? tooLong(whole, size) : parseArticle(file, await readStart(whole), whole);
      this.#known.set(whole, { version, parsed });
      return parsed;
    } catch (error) {
      return { problems: [`${whole}:1:1: cannot be read: ${messageOf(error)}`] };
    }
  }
}

function tooLong(file: string, size: number): ParsedArticle {
  return { problems: [`${file}:1:1: has ${size} bytes, more than the ${LONGEST_FILE} of the largest article`] };
}

/** Reads no more than the largest article, whatever is appended meanwhile. @throws TypeError when it is not UTF-8 */
async function readStart(file: string): Promise<string> {
  await using opened = await open(file);
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(LONGEST_FILE), 0, LONGEST_FILE, 0);
  return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead));
}

async function isDirectory(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function messageOf(error: unknown): string {
  return error instanceof TypeError ? 'it is not UTF-8 text' : error instanceof Error ? error.message : String(error);
}
