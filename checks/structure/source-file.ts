import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';

/** One file of product code and the modules that it imports or re-exports from, type-only imports included. */
export interface SourceFile {
  /** The folder name of the app or package, for example `state`. */
  readonly owner: string;
  /** Relative to `src`, for example `redis/keys.ts`. */
  readonly file: string;
  readonly imports: readonly string[];
}

/** Returns every module specifier of a TypeScript source: static and dynamic imports, and re-exports. */
export function importsOf(file: string, source: string): string[] {
  const { module, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  return [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.map((entry) => entry.moduleRequest?.value).filter((value) => value !== undefined),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) =>
      source.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^['"`]|['"`]$/g, ''),
    ),
  ];
}

/** Reads the product code of every app and package, Lua scripts included. Tests beside the code are left out. */
export function readSourceFiles(root: string): SourceFile[] {
  return globSync('{apps,packages}/*/src/**/*.{ts,lua}', { cwd: root })
    .filter((name) => !name.endsWith('.test.ts'))
    .toSorted()
    .map((name) => {
      const [, owner = '', , ...rest] = name.split(path.sep);
      return {
        owner,
        file: rest.join('/'),
        imports: name.endsWith('.ts') ? importsOf(name, readFileSync(path.join(root, name), 'utf8')) : [],
      };
    });
}
