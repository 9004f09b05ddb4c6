import { lstatSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ExitError } from '../exit-code.ts';

/** What a failed system call says of a directory, and what to do. */
const MEANINGS: Record<string, string> = {
  EACCES: 'this user may not write there; correct owner or mode',
  EPERM: 'this user may not write there; correct owner or mode',
  EROFS: 'the file system is read-only; choose another directory',
  ENOTDIR: 'a part of the path is not a directory; choose another directory',
  EEXIST: 'a file is in its place; choose another directory',
  ENOENT: 'the file system takes no new directories; choose another directory',
  ENAMETOOLONG: 'the path is too long; choose another directory',
  ELOOP: 'a symbolic link leads to itself; choose another directory',
};
/** A disk that is full may have room later. */
const LATER = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Creates a directory and what is missing above it. Unlike `mkdir` with `recursive`, it ends where a file system answers that a parent
 * is missing although it is there, as /proc does.
 * @returns whether it was created
 * @throws Error of the file system
 */
export function makeDirectory(directory: string, mode = 0o700): boolean {
  if (isDirectory(directory)) return false;
  const parent = path.dirname(directory);
  if (parent !== directory) makeDirectory(parent, mode);
  try {
    mkdirSync(directory, { mode });
    return true;
  } catch (error) {
    // Another process was first.
    if (isDirectory(directory)) return false;
    throw error;
  }
}

/**
 * Creates the directory of a setting, and proves that directories can be made in it.
 * @throws ExitError `cannot_create` that names the setting, the directory, and what to do. A full disk is none: it may have room later
 */
export function requireDirectory(setting: string, directory: string, mode = 0o700): void {
  try {
    makeDirectory(directory, mode);
    rmdirSync(mkdtempSync(path.join(directory, '.nightcrier-probe-')));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (LATER.has(code)) return;
    const why = MEANINGS[code] ?? (cause instanceof Error ? cause.message : String(cause));
    throw new ExitError('cannot_create', `${setting}: ${directory} cannot be used: ${why}${code && ` (${code})`}`, {
      cause,
    });
  }
}

function isDirectory(file: string): boolean {
  // A link that leads nowhere is in the place of the directory.
  return (
    lstatSync(file, { throwIfNoEntry: false }) !== undefined &&
    statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
  );
}
