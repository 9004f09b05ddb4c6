import { writeFileSync } from 'node:fs';
import { causesPage } from './causes-page.ts';

/** Writes docs/causes.md. */
writeFileSync(new URL('../../../docs/causes.md', import.meta.url), causesPage());
