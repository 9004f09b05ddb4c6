import { execa } from 'execa';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Whether file systems can be mounted here. */
export const canMount = process.getuid?.() === 0 && (await tryMount());

async function tryMount(): Promise<boolean> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-mount-'));
  const { failed } = await execa('mount', ['-t', 'tmpfs', 'tmpfs', folder], { reject: false });
  if (!failed) await execa('umount', [folder]);
  await rm(folder, { recursive: true });
  return !failed;
}

/** A small file system in memory, which can be full or unwritable for a time. Without mounts it is a folder, and neither. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string, megabytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    if (canMount) await execa('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  /** Takes all space. */
  async fill(): Promise<void> {
    if (canMount) await execa('dd', ['if=/dev/zero', `of=${this.#filler}`, 'bs=64k'], { reject: false });
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  /** Has everything that is opened from now on be read-only. Open files stay writable, as those of a process that started before. */
  async protect(): Promise<void> {
    if (!canMount) return;
    // Elsewhere first: a mount that somebody writes to cannot become read-only.
    const aside = `${this.folder}.protected`;
    await mkdir(aside);
    await execa('mount', ['--bind', this.folder, aside]);
    await execa('mount', ['-o', 'remount,bind,ro', aside]);
    await execa('mount', ['--bind', aside, this.folder]);
    await execa('umount', [aside]);
    await rm(aside, { recursive: true });
  }

  async unprotect(): Promise<void> {
    if (canMount) await execa('umount', ['--lazy', this.folder]);
  }

  async remove(): Promise<void> {
    if (!canMount) return;
    // Twice where it is protected: the mounts are on top of each other.
    const unmount = async (): Promise<boolean> =>
      !(await execa('umount', ['--lazy', this.folder], { reject: false })).failed;
    while (await unmount());
  }

  get #filler(): string {
    return path.join(this.folder, 'filler');
  }
}
