import { REDACTED } from '../redacted.ts';

/** Redacts the data of the Secrets in a text: among YAML manifests, and in JSON. */
export function redactManifests(text: string): string {
  return redactJsonSecrets(redactYamlSecrets(text));
}

/** A Secret as `kubectl get -o yaml` prints it, alone or in a list. */
const SECRET_MANIFEST = /^[ -]{0,40}kind: ["']?Secret(?:List)?["']?[ \t\r]{0,8}$/m;
const BEGIN_OF_MANIFEST = /^(?=---|[ ]{0,40}- apiVersion: )/m;

function redactYamlSecrets(text: string): string {
  if (!text.includes('kind: ')) return text;
  return text
    .split(BEGIN_OF_MANIFEST)
    .map((manifest) => (SECRET_MANIFEST.test(manifest) ? withoutData(manifest) : manifest))
    .join('');
}

function withoutData(manifest: string): string {
  let dataColumn: number | undefined;
  const lines = manifest.split('\n').map((line) => {
    const column = line.length - line.trimStart().length;
    if (/^[ ]{0,40}(?:- )?(?:data|stringData):[ \t\r]{0,8}$/.test(line)) {
      dataColumn = column;
      return line;
    }
    if (dataColumn === undefined || line.trim() === '') return line;
    if (column <= dataColumn) {
      dataColumn = undefined;
      return line;
    }
    return line.replace(/^([ ]{1,200}[\w.-]{1,253}: ?|[ ]{1,200}).*$/, `$1${REDACTED}`);
  });
  return lines.join('\n');
}

/** Of JSON, also as it stands in JSON: braces, and the members that tell what an object is. */
const QUOTE = String.raw`\\{0,7}"`;
const PARTS = new RegExp(
  `[{}]|${QUOTE}kind${QUOTE}\\s{0,8}:\\s{0,8}${QUOTE}(?<kind>Secret|SecretList)${QUOTE}|${QUOTE}(?:data|stringData)${QUOTE}\\s{0,8}:\\s{0,8}(?<data>\\{)`,
  'g',
);
const MEMBER = new RegExp(
  `(${QUOTE}[\\w.-]{1,253}${QUOTE}\\s{0,8}:\\s{0,8}(?<quote>${QUOTE}))[^]{1,2000000}?(?<!\\\\)(?=\\k<quote>)`,
  'g',
);

/** An object that is not closed yet. */
interface Open {
  /** Whether it is a Secret, or in a list of Secrets. */
  isSecret: boolean;
  /** The data in it, as ranges of the text. */
  data: [start: number, end: number][];
  /** Whether it is the data of the object around it, and where it begins. */
  begin: number | undefined;
}

function redactJsonSecrets(text: string): string {
  if (!/"(?:Secret|SecretList)\\{0,7}"/.test(text)) return text;
  const found: [start: number, end: number][] = [];
  const outermost: Open = { isSecret: false, data: [], begin: undefined };
  const open: Open[] = [outermost];
  for (const match of text.matchAll(PARTS)) {
    const current = open.at(-1) ?? outermost;
    if (match.groups?.kind) current.isSecret = true;
    else if (match[0] === '}') {
      if (open.length > 1) open.pop();
      const around = open.at(-1) ?? outermost;
      if (current.begin !== undefined) around.data.push([current.begin, match.index]);
      else if (current.isSecret) for (const range of current.data) found.push(range);
      else around.data = joined(around.data, current.data);
    } else
      open.push({ isSecret: false, data: [], begin: match.groups?.data ? match.index + match[0].length : undefined });
  }
  // The end of the text can be cut off.
  for (const { isSecret, data, begin } of open.toReversed()) {
    if (isSecret) for (const range of data) found.push(range);
    else if (begin !== undefined) outermost.data.push([begin, text.length]);
  }
  return withoutMembers(
    text,
    found.toSorted(([a], [b]) => a - b),
  );
}

/** Joins lists at the cost of the shorter one: objects can be nested deeply. */
function joined<Item>(one: Item[], other: Item[]): Item[] {
  const [long, short] = one.length < other.length ? [other, one] : [one, other];
  for (const item of short) long.push(item);
  return long;
}

function withoutMembers(text: string, ranges: readonly (readonly [start: number, end: number])[]): string {
  const parts: string[] = [];
  let position = 0;
  for (const [start, end] of ranges) {
    if (start < position) continue;
    parts.push(text.slice(position, start), text.slice(start, end).replace(MEMBER, `$1${REDACTED}`));
    position = end;
  }
  parts.push(text.slice(position));
  return parts.join('');
}
