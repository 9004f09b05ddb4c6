import path from 'node:path';

/** Root folder of the workspace. */
export const INSTALLATION = path.resolve(import.meta.dirname, '../../..');
