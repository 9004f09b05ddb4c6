/** Strings, comments, white space, words and numbers, and single other characters of Lua. */
const TOKEN =
  /--\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\[(=*)\[[\s\S]*?\]\2\]|\s+|[\w]+|[^\s]/g;

/** Returns Lua without comments and with one space between tokens: equal texts do the same. */
export function normaliseLua(source: string): string {
  const tokens = source.match(TOKEN) ?? [];
  return tokens.filter((token) => !token.startsWith('--') && token.trim() !== '').join(' ');
}
