/** Returns the source of a Lua file by its name, such as `admission/batch/open-batch`. */
export type ReadLua = (name: string) => string;

const INCLUDE = /^-- @include (.*)$/gm;

/** The statement with which an included file returns its value. */
const RETURN = /^return /m;

/**
 * Composes a script of a Lua file and the files that it includes. A line `-- @include subject/name` makes the value that the
 * other file returns, usually one function, available as a local variable: `name` with `_` in place of `-`. Each file is
 * included once, in front of the files that include it, in a block of its own, so that only its value is visible outside.
 * @throws Error that names the files when they include each other in a circle, when two files of one name are included, or
 *   when a file does not exist or returns nothing.
 */
export function composeLua(name: string, read: ReadLua): string {
  const composed = new Map<string, string>();
  const names = new Map<string, string>();

  const include = (file: string, includedBy: string[]): void => {
    if (includedBy.includes(file))
      throw new Error(`Lua files include each other in a circle: ${[...includedBy, file].join(' → ')}`);
    if (composed.has(file)) return;
    const source = read(file);
    for (const other of includesOf(source)) include(other, [...includedBy, file]);
    const local = localName(file);
    const namesake = names.get(local);
    if (namesake !== undefined)
      throw new Error(`Lua files ${namesake} and ${file} have the same local name ${local}: rename one`);
    names.set(local, file);
    if (!RETURN.test(source)) throw new Error(`Lua file ${file} returns nothing: end it with a line "return …"`);
    // An assignment instead of a call of a function for each file: a tenth of an admission by itself.
    composed.set(file, `local ${local}\ndo\n${source.replace(RETURN, `${local} = `)}\nend\n`);
  };

  const main = read(name);
  for (const other of includesOf(main)) include(other, [name]);
  return [...composed.values()].join('') + main;
}

/** Returns the names of the files that a Lua file includes itself. */
export function includesOf(source: string): string[] {
  return Array.from(source.matchAll(INCLUDE), ([, name = '']) => name.trim());
}

/** Returns the local variable that holds the value of an included file. */
export function localName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replaceAll('-', '_');
}
