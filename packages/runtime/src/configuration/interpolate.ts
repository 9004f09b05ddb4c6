/** A value in which variables were replaced, or what is wrong with it. */
export type Interpolated = { value: string } | { problem: string };

const FORMS = 'write ${NAME}, ${NAME:-default} or ${NAME:?message} for a variable, and $$ for a dollar sign';

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}` by environment variables, and `$$` by `$`. Every other form
 * that looks like a variable is a problem, not a literal: a secret that was meant to be replaced would be used as it is
 * written. Problems never repeat the value. An empty variable counts as unset for `:-` and `:?`.
 */
export function interpolate(text: string, environment: Record<string, string | undefined>): Interpolated {
  let value = '';
  let rest = text;
  for (;;) {
    const dollar = rest.indexOf('$');
    if (dollar === -1) return { value: value + rest };
    value += rest.slice(0, dollar);
    rest = rest.slice(dollar + 1);
    if (rest.startsWith('$')) {
      value += '$';
      rest = rest.slice(1);
    } else if (rest.startsWith('{')) {
      const end = rest.indexOf('}');
      const replaced =
        end === -1 ? { problem: `"\${" without "}"; ${FORMS}` } : replace(rest.slice(1, end), environment);
      if ('problem' in replaced) return replaced;
      value += replaced.value;
      rest = rest.slice(end + 1);
    } else if (/^[A-Za-z_]/.test(rest)) {
      return { problem: `"$" before a name; ${FORMS}` };
    } else value += '$';
  }
}

function replace(expression: string, environment: Record<string, string | undefined>): Interpolated {
  const [, name, operator, word = ''] = /^([A-Za-z_]\w*)(?:(:[-?])(.*))?$/s.exec(expression) ?? [];
  if (name === undefined) return { problem: `"\${…}" in a form that is not supported; ${FORMS}` };
  if (word.includes('${')) return { problem: `"\${${name}${operator ?? ''}…}" contains another variable; ${FORMS}` };
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  switch (operator) {
    case ':-':
      return { value: value === undefined || value === '' ? word : value };
    case ':?':
      if (value === undefined || value === '') {
        return { problem: `environment variable ${name} is not set${word === '' ? '' : `: ${word}`}` };
      }
      return { value };
    default:
      if (value === undefined) {
        return { problem: `environment variable ${name} is not set; set it, or write \${${name}:-default}` };
      }
      return { value };
  }
}
