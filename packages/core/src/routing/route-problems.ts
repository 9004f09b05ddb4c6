import { closest, distance } from 'fastest-levenshtein';
import { SEVERITIES } from '../faults/severity.ts';
import type { Matcher } from '../matching/matcher.ts';
import { MatcherSyntaxError, parseMatchers } from '../matching/parse-matchers.ts';
import { PROBLEM_LABELS } from '../matching/problem-labels.ts';
import { DEFAULT_RECEIVER, type RouteConfig } from '../settings/sections/receivers.ts';

/** Something wrong with a part of the configuration. */
interface RoutingProblem {
  path: PropertyKey[];
  message: string;
}

interface Found {
  problems: RoutingProblem[];
  warnings: RoutingProblem[];
}

export interface RoutingNames {
  /** Those of the declared receivers. */
  receivers: readonly string[];
  /** Whether the settings of the default receiver are given. */
  hasDefault: boolean;
  /** The names of the labels that clusters have. */
  clusterLabels: ReadonlySet<string>;
}

/**
 * Finds what is wrong with the names and the routing tree of a configuration: receivers that are not declared or not used, matchers
 * that cannot be read or name no label, and routes that no problem can reach.
 */
export function routingProblems(route: RouteConfig | undefined, known: RoutingNames): Found {
  const { receivers: names, hasDefault } = known;
  const found: Found = { problems: duplicates(names), warnings: [] };
  const used = new Set<string>();
  const visit = (config: RouteConfig, path: PropertyKey[], above: readonly Matcher[]): void => {
    if (config.receiver !== undefined) {
      used.add(config.receiver);
      const problem = receiverProblem(config.receiver, names, hasDefault);
      if (problem !== undefined) found.problems.push({ path: [...path, 'receiver'], message: problem });
    }
    const own = matchersOf(config, path, found, known.clusterLabels);
    const all = [...above, ...own];
    const contradiction = contradictionIn(all);
    if (contradiction !== undefined)
      found.problems.push({ path, message: `route is unreachable: ${contradiction} cannot both match` });
    else checkOrder(config.routes, path, found.problems);
    config.routes.forEach((child, index) => visit(child, [...path, 'routes', index], all));
  };
  if (route) {
    if (route.receiver === undefined) used.add(DEFAULT_RECEIVER);
    if (route.matchers.length > 0) {
      const message = 'the root route takes every problem: it cannot have matchers; write them below routes';
      found.problems.push({ path: ['route', 'matchers'], message });
    }
    visit({ ...route, matchers: [] }, ['route'], []);
  } else used.add(DEFAULT_RECEIVER);
  found.warnings.push(...unused(names, used, hasDefault));
  return found;
}

function duplicates(names: readonly string[]): RoutingProblem[] {
  return names.flatMap((name, index) =>
    name !== '' && names.indexOf(name) < index
      ? [{ path: ['receivers', index, 'name'], message: `duplicate receiver name: ${name}` }]
      : [],
  );
}

function receiverProblem(receiver: string, names: readonly string[], hasDefault: boolean): string | undefined {
  if (names.includes(receiver)) return undefined;
  if (receiver === DEFAULT_RECEIVER) {
    return hasDefault
      ? undefined
      : `receiver: ${DEFAULT_RECEIVER} needs slack_webhook_url, slack_channel or webhook_url`;
  }
  const known = [...names, ...(hasDefault ? [DEFAULT_RECEIVER] : [])];
  const hint = known.length === 0 ? 'no receivers are declared' : `declared: ${known.join(', ')}`;
  return `receiver: there is no receiver ${JSON.stringify(receiver)}; ${hint}`;
}

function unused(names: readonly string[], used: ReadonlySet<string>, hasDefault: boolean): RoutingProblem[] {
  const warnings: RoutingProblem[] = names.flatMap((name, index) =>
    used.has(name)
      ? []
      : [{ path: ['receivers', index], message: `no route names receiver ${name}; it is not notified` }],
  );
  if (hasDefault && !used.has(DEFAULT_RECEIVER)) {
    const message = `no route names receiver ${DEFAULT_RECEIVER}: slack_… and webhook_… settings have no effect`;
    warnings.push({ path: ['route'], message });
  }
  return warnings;
}

function matchersOf(
  { matchers }: RouteConfig,
  path: PropertyKey[],
  { problems, warnings }: Found,
  clusterLabels: ReadonlySet<string>,
): Matcher[] {
  return matchers.flatMap((text, index) => {
    const at = [...path, 'matchers', index];
    try {
      const parsed = parseMatchers(text);
      if (parsed.length === 0) problems.push({ path: at, message: `matchers: ${JSON.stringify(text)} is empty` });
      for (const matcher of parsed) {
        const unknown = unknownLabel(matcher, clusterLabels);
        if (unknown !== undefined) warnings.push({ path: at, message: unknown });
        const message = severityProblem(matcher);
        if (message !== undefined) problems.push({ path: at, message });
      }
      return parsed;
    } catch (error) {
      if (!(error instanceof MatcherSyntaxError)) throw error;
      const message = `matchers: ${JSON.stringify(text)}, character ${error.offset + 1}: ${error.message}`;
      problems.push({ path: at, message });
      return [];
    }
  });
}

/** A cluster may get the label later, so this is not an error. */
function unknownLabel({ name }: Matcher, clusterLabels: ReadonlySet<string>): string | undefined {
  if (clusterLabels.has(name) || PROBLEM_LABELS.some((label) => label === name)) return undefined;
  const known = [...PROBLEM_LABELS, ...clusterLabels];
  const nearest = closest(name, known);
  const hint =
    distance(name, nearest) <= Math.max(2, name.length / 3)
      ? `did you mean ${nearest}?`
      : `labels of problems: ${PROBLEM_LABELS.join(', ')}`;
  return `matchers: neither a problem nor any cluster has a label ${JSON.stringify(name)}; ${hint}`;
}

function severityProblem({ name, operator, value }: Matcher): string | undefined {
  if (name !== 'severity' || operator !== '=' || SEVERITIES.some((severity) => severity === value)) return undefined;
  return `matchers: there is no severity ${JSON.stringify(value)}; severities: ${SEVERITIES.join(', ')}`;
}

/** Returns two matchers of which one demands a value that the other excludes. */
function contradictionIn(matchers: readonly Matcher[]): string | undefined {
  for (const [index, one] of matchers.entries()) {
    if (one.operator !== '=') continue;
    const labels = new Map([[one.name, one.value]]);
    const other = matchers.find((it, at) => at !== index && it.name === one.name && !it.matches(labels));
    if (other) return `${one.toString()} and ${other.toString()}`;
  }
  return undefined;
}

/** Finds routes behind a sibling that takes everything that they would match. */
function checkOrder(routes: readonly RouteConfig[], path: readonly PropertyKey[], problems: RoutingProblem[]): void {
  const parsed = routes.map((route) => readable(route));
  routes.forEach((_, index) => {
    const own = parsed[index];
    const earlier = parsed.findIndex(
      (matchers, at) =>
        at < index &&
        routes[at]?.continue === false &&
        matchers !== undefined &&
        own !== undefined &&
        implies(own, matchers),
    );
    if (earlier === -1) return;
    const message = `route is unreachable: routes[${earlier}] before it takes every problem that it would match; reorder them, or set continue: true there`;
    problems.push({ path: [...path, 'routes', index], message });
  });
}

function readable({ matchers }: RouteConfig): Matcher[] | undefined {
  try {
    return matchers.flatMap((text) => parseMatchers(text));
  } catch {
    return undefined;
  }
}

/** Returns whether whatever matches the one list also matches the other. May miss it for regular expressions. */
function implies(one: readonly Matcher[], other: readonly Matcher[]): boolean {
  return other.every((needed) =>
    one.some(
      (given) =>
        given.name === needed.name &&
        (given.toString() === needed.toString() ||
          (given.operator === '=' && needed.matches(new Map([[given.name, given.value]])))),
    ),
  );
}
