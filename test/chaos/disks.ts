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
    await execa('mount', ['--bind', this.folder, this.folder]);
    await execa('mount', ['-o', 'remount,bind,ro', this.folder]);
  }

  async unprotect(): Promise<void> {
    if (canMount) await execa('umount', ['--lazy', this.folder]);
  }

  async remove(): Promise<void> {
    if (canMount) await execa('umount', ['--recursive', '--lazy', this.folder], { reject: false });
  }

  get #filler(): string {
    return path.join(this.folder, 'filler');
  }
}
