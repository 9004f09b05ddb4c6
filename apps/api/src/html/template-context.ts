/** Where a value of a template stands. `url`: at the start of an attribute that is a URL. */
export type HoleContext = 'text' | 'attribute' | 'url' | 'tag';

type State =
  | { kind: 'text' }
  | { kind: 'comment' }
  /** Inside an element whose content is no HTML. */
  | { kind: 'raw'; element: string }
  | { kind: 'tag'; element: string; attribute?: string }
  | { kind: 'value'; element: string; attribute: string; quote: string; empty: boolean };

const URL_ATTRIBUTES = new Set(['href', 'src', 'action', 'formaction', 'hx-get', 'hx-post', 'hx-sse:connect']);

/**
 * Returns the context of each value between the strings of a template, which begins in text.
 * @throws Error for a place where no escaping makes a value safe
 */
export function contextsOf(strings: readonly string[]): HoleContext[] {
  let state: State = { kind: 'text' };
  return strings.slice(0, -1).map((string) => {
    state = advance(state, string);
    const context = contextOf(state, string);
    if (state.kind === 'value') state = { ...state, empty: false };
    return context;
  });
}

function contextOf(state: State, before: string): HoleContext {
  const unsafe = (place: string): never => {
    throw new Error(`no value is allowed ${place}: …${before.slice(-60)}`);
  };
  switch (state.kind) {
    case 'text':
      return 'text';
    case 'value':
      if (/^on|^style$|^hx-(?:on|vals|headers|config|trigger)/.test(state.attribute))
        return unsafe(`in the attribute ${state.attribute}`);
      return URL_ATTRIBUTES.has(state.attribute) && state.empty ? 'url' : 'attribute';
    case 'tag':
      return state.attribute === undefined && /\s$/.test(before) ? 'tag' : unsafe('in a tag without quotes');
    case 'comment':
      return unsafe('in a comment');
    case 'raw':
      return unsafe(`in <${state.element}>`);
    default:
      return state satisfies never;
  }
}

function advance(start: State, text: string): State {
  let state = start;
  let rest = text;
  while (rest !== '') [state, rest] = step(state, rest);
  return state;
}

/** Reads up to the next change of the state. */
function step(state: State, text: string): [state: State, rest: string] {
  switch (state.kind) {
    case 'text': {
      const open = /<(?:(!--)|(\/?[a-z][\w-]*))/i.exec(text);
      if (!open) return [state, ''];
      const rest = text.slice(open.index + open[0].length);
      return open[1] === undefined
        ? [{ kind: 'tag', element: (open[2] ?? '').toLowerCase() }, rest]
        : [{ kind: 'comment' }, rest];
    }
    case 'comment':
      return until('-->', text, state);
    case 'raw':
      return until(`</${state.element}>`, text, state);
    case 'tag':
      return stepInTag(state, text);
    case 'value': {
      const end = text.indexOf(state.quote);
      if (end === -1) return [{ ...state, empty: false }, ''];
      return [{ kind: 'tag', element: state.element }, text.slice(end + 1)];
    }
    default:
      return state satisfies never;
  }
}

function stepInTag(state: State & { kind: 'tag' }, text: string): [state: State, rest: string] {
  const { element, attribute } = state;
  if (text.startsWith('>')) {
    const raw = element === 'script' || element === 'style';
    return [raw ? { kind: 'raw', element } : { kind: 'text' }, text.slice(1)];
  }
  const [quote = ''] = text;
  if (attribute !== undefined && (quote === '"' || quote === "'"))
    return [{ kind: 'value', element, attribute, quote, empty: true }, text.slice(1)];
  const named = /^([^\s=>/"']+)(=?)/.exec(text);
  if (!named) return [{ kind: 'tag', element }, text.slice(1)];
  const [all, name = '', equals] = named;
  return [
    equals === '' ? { kind: 'tag', element } : { kind: 'tag', element, attribute: name.toLowerCase() },
    text.slice(all.length),
  ];
}

function until(end: string, text: string, state: State): [state: State, rest: string] {
  const at = text.indexOf(end);
  return at === -1 ? [state, ''] : [{ kind: 'text' }, text.slice(at + end.length)];
}
