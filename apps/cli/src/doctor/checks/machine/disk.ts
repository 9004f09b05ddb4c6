import { randomUUID } from 'node:crypto';
import { open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Check, CheckContext } from '../../check.ts';
import { failed, type Finding, ok, reasonOf, warning } from '../../finding.ts';
import { quoted } from '../secret-files.ts';

/** Free bytes below which writes will fail soon, and below which they as good as fail. */
const LOW = 1024 ** 3;
const NONE = 64 * 1024 ** 2;
/** Written by the check. */
const SAMPLE = Buffer.alloc(64 * 1024);

/** The directories that Nightcrier writes to: writable, not full, and closed to other users. */
export const disk: Check = {
  name: 'disk',
  examine: ({ config }) =>
    directoriesOf(config).map(({ setting, directory }) => ({
      subject: setting,
      run: async () => inspect(setting, directory),
    })),
};

function directoriesOf({ data_dir, workspace_root, spool_dir }: CheckContext['config']) {
  return [
    { setting: 'data_dir', directory: data_dir },
    { setting: 'workspace_root', directory: workspace_root },
    ...(spool_dir === undefined ? [] : [{ setting: 'spool_dir', directory: spool_dir }]),
  ];
}

async function inspect(setting: string, directory: string): Promise<Finding[]> {
  const existing = await nearest(directory);
  try {
    // A directory that is missing is created in it when it is first needed.
    await writeSample(existing);
    const facts = await stat(existing);
    if (!facts.isDirectory()) throw new Error(`${existing} is not a directory`);
  } catch (error) {
    return [unwritable(setting, directory, existing, error)];
  }
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const found: Finding[] = [];
  if (free < LOW) {
    const report = free < NONE ? failed : warning;
    const fix = `free space on the file system of ${existing}, or set ${setting} to a directory on another one`;
    found.push(report(setting, `${sizeOf(free)} free in ${directory}`, fix));
  }
  if (existing === directory) {
    const { mode } = await stat(directory);
    if ((mode & 0o002) !== 0) {
      found.push(
        warning(setting, `every user of this machine can write into ${directory}`, `chmod o-w ${quoted(directory)}`),
      );
    }
  }
  return found.length > 0 ? found : [ok(setting, `${directory}, ${sizeOf(free)} free`)];
}

function unwritable(setting: string, directory: string, existing: string, error: unknown): Finding {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = `${directory} cannot be written: ${reasonOf(error)}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return failed(setting, message, `free space on the file system of ${existing}`);
    case 'EROFS':
      return failed(setting, message, `set ${setting} to a directory on a file system that is not mounted read-only`);
    case 'EACCES':
    case 'EPERM':
      return failed(setting, message, `sudo chown -R $USER ${quoted(existing)}`);
    case 'ENOENT':
      return failed(setting, message, `set ${setting} to a directory on another file system than that of ${existing}`);
    default:
      return failed(setting, message, `set ${setting} to a directory; ${existing} is in its way`);
  }
}

/** Returns the directory, or the nearest one above it that is there. */
async function nearest(directory: string): Promise<string> {
  for (let at = directory; ; at = path.dirname(at)) {
    const isThere = await stat(at).then(
      () => true,
      () => false,
    );
    if (isThere || at === path.dirname(at)) return at;
  }
}

async function writeSample(directory: string): Promise<void> {
  const file = path.join(directory, `.nightcrier-doctor-${randomUUID()}`);
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(SAMPLE);
    await handle.sync();
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}

function sizeOf(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}
