import { Diagnosis, summaryOf, type DiagnosisSummary } from '@nightcrier/core/diagnosis/diagnosis';
import type { ReportSummary } from '@nightcrier/core/incidents/report';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { parseReport } from './parse-report.ts';

/** Where an agent leaves its report, within the output directory. */
export const REPORT_FILE = 'investigation.md';

/** A report is text for people; more than this is a log or a mistake. */
const MAX_BYTES = 1_000_000;

/** Where the built-in analyser, or an agent that likes to, leaves its diagnosis as data. */
const DIAGNOSIS_FILE = 'diagnosis.json';
const MAX_DIAGNOSIS_BYTES = 200_000;

/** What an agent left in the place of its report. `problem` continues a sentence: "it left …", "there is …". */
export type ReportReading =
  | { valid: true; markdown: string; summary: ReportSummary }
  | { valid: false; problem: string };

/**
 * Reads `investigation.md` and, where there is one, `diagnosis.json` of an output directory that a sandboxed agent could write to,
 * so nothing in it is trusted: no link is followed (it would show a file of the worker's), nothing but a regular file is opened
 * for reading (a pipe would block for ever), and no more than the largest report is read.
 * @param minBytes a shorter report is not valid (`report_min_bytes`)
 */
export async function readReport(outputDirectory: string, minBytes: number): Promise<ReportReading> {
  const invalid = (problem: string): ReportReading => ({ valid: false, problem: `${REPORT_FILE} ${problem}` });
  try {
    if (
      (await realpath(outputDirectory)) !==
      path.join(await realpath(path.dirname(outputDirectory)), path.basename(outputDirectory))
    ) {
      return { valid: false, problem: 'the output directory is a symbolic link' };
    }
    const read = await readText(path.join(outputDirectory, REPORT_FILE), { minBytes, maxBytes: MAX_BYTES });
    if ('problem' in read) return invalid(read.problem);
    const summary = parseReport(read.text);
    if (summary === undefined) return invalid('has no sentence that could be a finding');
    const diagnosis = await readDiagnosis(path.join(outputDirectory, DIAGNOSIS_FILE));
    return { valid: true, markdown: read.text, summary: { ...summary, ...(diagnosis && { diagnosis }) } };
  } catch (error) {
    return invalid(whyUnreadable(error));
  }
}

/** The diagnosis is optional: one that is missing or not valid is none. */
async function readDiagnosis(file: string): Promise<DiagnosisSummary | undefined> {
  try {
    const read = await readText(file, { minBytes: 2, maxBytes: MAX_DIAGNOSIS_BYTES });
    if ('problem' in read) return undefined;
    const parsed = Diagnosis.safeParse(JSON.parse(read.text));
    return parsed.success ? summaryOf(parsed.data) : undefined;
  } catch {
    return undefined;
  }
}

async function readText(
  file: string,
  { minBytes, maxBytes }: { minBytes: number; maxBytes: number },
): Promise<{ text: string } | { problem: string }> {
  await using opened = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await opened.stat();
  if (!stats.isFile()) return { problem: 'is not a regular file' };
  if (stats.size < minBytes) return { problem: `has ${stats.size} bytes, fewer than report_min_bytes (${minBytes})` };
  if (stats.size > maxBytes)
    return { problem: `has ${stats.size} bytes, more than the ${maxBytes} of the largest report` };
  const buffer = Buffer.alloc(stats.size);
  const { bytesRead } = await opened.read(buffer, 0, stats.size, 0);
  return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead)) };
}

function whyUnreadable(error: unknown): string {
  if (error instanceof TypeError) return 'is not UTF-8 text'; // what a fatal TextDecoder throws
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'is not there';
  if (code === 'ELOOP') return 'is a symbolic link';
  if (code === 'ENXIO') return 'is not a regular file';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
