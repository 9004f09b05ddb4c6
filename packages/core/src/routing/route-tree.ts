import type { Labels, Matcher } from '../matching/matcher.ts';
import { parseMatchers } from '../matching/parse-matchers.ts';
import { DEFAULT_RECEIVER, type RouteConfig } from '../settings/sections/receivers.ts';

/** A node of the routing tree, with what it inherits. */
export interface Route {
  receiver: string;
  matchers: readonly Matcher[];
  continue: boolean;
  /** Seconds; undefined: a firing problem is not notified again. */
  repeatInterval: number | undefined;
  routes: readonly Route[];
  /** Where it is in the configuration: `['route', 'routes', 0]`. */
  path: readonly PropertyKey[];
}

/** A receiver of a problem, and the route that names it. */
export interface Destination {
  receiver: string;
  /** Seconds; undefined: never. */
  repeatInterval: number | undefined;
  path: readonly PropertyKey[];
}

/**
 * Returns the routing tree of a configuration; without one, everything goes to the default receiver.
 * @throws MatcherSyntaxError
 */
export function routeTree(config: RouteConfig | undefined): Route {
  const root = { receiver: DEFAULT_RECEIVER, repeatInterval: undefined };
  return nodeOf(config ?? { matchers: [], continue: false, routes: [] }, root, ['route']);
}

function nodeOf(
  config: RouteConfig,
  parent: Pick<Route, 'receiver' | 'repeatInterval'>,
  path: readonly PropertyKey[],
): Route {
  const inherited = {
    receiver: config.receiver ?? parent.receiver,
    repeatInterval: config.repeat_interval ?? parent.repeatInterval,
  };
  return {
    ...inherited,
    matchers: config.matchers.flatMap((text) => parseMatchers(text)),
    continue: config.continue,
    routes: config.routes.map((route, index) => nodeOf(route, inherited, [...path, 'routes', index])),
    path,
  };
}

/**
 * Returns the receivers of a problem with these labels, as Alertmanager finds them: a node that matches passes the problem to its
 * children in order, up to and including the first one that matches without `continue`; it takes the problem itself when no child
 * does. The root takes everything. A receiver that several routes name occurs once, with the shortest interval.
 */
export function destinationsOf(root: Route, labels: Labels): Destination[] {
  const found = new Map<string, Destination>();
  for (const { receiver, repeatInterval, path } of matchingRoutes(root, labels)) {
    const known = found.get(receiver);
    const shortest = Math.min(known?.repeatInterval ?? Infinity, repeatInterval ?? Infinity);
    found.set(receiver, {
      receiver,
      repeatInterval: Number.isFinite(shortest) ? shortest : undefined,
      path: known?.path ?? path,
    });
  }
  return [...found.values()];
}

function matchingRoutes(route: Route, labels: Labels): Route[] {
  if (!route.matchers.every((matcher) => matcher.matches(labels))) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const matches = matchingRoutes(child, labels);
    found.push(...matches);
    if (matches.length > 0 && !child.continue) break;
  }
  return found.length > 0 ? found : [route];
}
