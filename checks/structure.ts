import path from 'node:path';
import { IMPORT_RULES } from './structure/import-rules.ts';
import { readSourceFiles } from './structure/source-file.ts';
import { folderSizeViolations, importViolations } from './structure/violations.ts';

/** Fails on imports against checks/structure/import-rules.ts and on folders with too many files. */
const files = readSourceFiles(path.join(import.meta.dirname, '..'));
const violations = [...importViolations(files, IMPORT_RULES), ...folderSizeViolations(files)];
for (const violation of violations) console.error(violation);
console.log(`structure: ${files.length} files, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
