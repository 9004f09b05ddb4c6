import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';

/** Runs shellcheck on every shell script of the repository. Skips, with the reason, where shellcheck is missing. */
const root = path.join(import.meta.dirname, '..');
const scripts = globSync(['**/*.sh', '.ci/*.sh', '.ci/run'], {
  cwd: root,
  exclude: ['**/node_modules', '**/.nightcrier'],
});
const { error, status } = spawnSync('shellcheck', [...new Set(scripts)], { cwd: root, stdio: 'inherit' });
if (error === undefined) {
  console.log(`shell: ${scripts.length} scripts, ${status === 0 ? 'no findings' : 'findings above'}`);
  process.exitCode = status ?? 1;
} else {
  console.log(`shell: skipped, shellcheck cannot be started (${error.message}); on Debian: apt-get install shellcheck`);
}
