import { type Expression, type Program, Visitor } from 'oxc-parser';

/** The initial values of a source's `const` declarations, by name. */
export type Constants = ReadonlyMap<string, Expression>;

/** Returns the constants of a source; a name that is declared twice is left out. */
export function constantsOf(program: Program): Constants {
  const constants = new Map<string, Expression>();
  const repeated = new Set<string>();
  new Visitor({
    VariableDeclaration({ kind, declarations }) {
      if (kind !== 'const') return;
      for (const { id, init } of declarations) {
        if (id.type !== 'Identifier' || init === null) continue;
        if (constants.has(id.name)) repeated.add(id.name);
        constants.set(id.name, init);
      }
    },
  }).visit(program);
  for (const name of repeated) constants.delete(name);
  return constants;
}
