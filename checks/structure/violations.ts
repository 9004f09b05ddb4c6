import path from 'node:path';
import type { ImportRules } from './import-rules.ts';
import type { SourceFile } from './source-file.ts';

const MAX_FILES_IN_FOLDER = 16;

interface Violation {
  readonly where: string;
  /** What an exception in the rules would have to say. */
  readonly edge: string;
  readonly reason: string;
}

/** Returns one line for every import that the rules forbid and for every exception that no import needs. */
export function importViolations(files: readonly SourceFile[], rules: ImportRules): string[] {
  const violations = files.filter(({ file }) => file.endsWith('.ts')).flatMap((source) => violationsOf(source, rules));
  const edges = new Set(violations.map(({ edge }) => edge));
  return [
    ...violations
      .filter(({ edge }) => !rules.exceptions.includes(edge))
      .map(({ where, reason }) => `${where}: ${reason}`),
    ...rules.exceptions.filter((edge) => !edges.has(edge)).map((edge) => `exception "${edge}" is no longer needed`),
    ...staleLayers(files, rules),
  ];
}

/** Returns one line for every folder that has more than 16 files of its own. */
export function folderSizeViolations(files: readonly SourceFile[]): string[] {
  const folders = Map.groupBy(files, ({ owner, file }) => path.posix.join(owner, 'src', path.posix.dirname(file)));
  return [...folders]
    .filter(([, members]) => members.length > MAX_FILES_IN_FOLDER)
    .map(([folder, { length }]) => `${folder}: ${length} files, at most ${MAX_FILES_IN_FOLDER}; split it by subject`);
}

function violationsOf(source: SourceFile, rules: ImportRules): Violation[] {
  const { owner, file } = source;
  const where = `${owner}/src/${file}`;
  const layers = rules.layers[owner] ?? [];
  if (layerOf(file, layers) === undefined) {
    return [
      { where, edge: `${owner}: ${file}`, reason: 'neither the file nor its folder is a layer of import-rules.ts' },
    ];
  }
  return source.imports
    .map((imported) => siblingViolation(owner, imported, rules) ?? layerViolation(source, imported, layers))
    .filter((violation) => violation !== undefined)
    .map((violation) => ({ where, ...violation }));
}

function siblingViolation(owner: string, imported: string, rules: ImportRules): Omit<Violation, 'where'> | undefined {
  const sibling = /^@nightcrier\/([^/]+)/.exec(imported)?.[1];
  if (sibling === undefined || rules.packages[owner]?.includes(sibling)) return undefined;
  return { edge: `${owner} -> ${sibling}`, reason: `${owner} may not import ${imported}` };
}

function layerViolation(
  { owner, file }: SourceFile,
  imported: string,
  layers: readonly string[],
): Omit<Violation, 'where'> | undefined {
  if (!imported.startsWith('.') || imported.endsWith('.json')) return undefined;
  const target = path.posix.join(path.posix.dirname(file), imported);
  if (target.startsWith('../')) {
    return {
      edge: `${owner} -> ${target}`,
      reason: `${imported} is outside of src; import a sibling by its package name`,
    };
  }
  const from = layerOf(file, layers);
  const to = layerOf(target, layers);
  if (from === undefined || to === undefined || layers.indexOf(from) <= layers.indexOf(to)) return undefined;
  return { edge: `${owner}: ${from} -> ${to}`, reason: `upward import of ${target}: ${from} is below ${to}` };
}

function staleLayers(files: readonly SourceFile[], rules: ImportRules): string[] {
  return Object.entries(rules.layers).flatMap(([owner, layers]) => {
    const used = new Set(files.filter((source) => source.owner === owner).map(({ file }) => layerOf(file, layers)));
    return layers.filter((layer) => !used.has(layer)).map((layer) => `layer "${owner}: ${layer}" does not exist`);
  });
}

/** Returns the listed file or the nearest listed folder that contains the file. */
function layerOf(file: string, layers: readonly string[]): string | undefined {
  if (layers.includes(file)) return file;
  let folder = path.posix.dirname(file);
  while (folder !== '.' && !layers.includes(folder)) folder = path.posix.dirname(folder);
  return folder === '.' ? undefined : folder;
}
