import type { V1SubjectRulesReviewStatus } from '@kubernetes/client-node';
import type { Wire } from '../wire.ts';

/** One line of the table: a single resource (or URL) and the verbs that are allowed on it. */
interface Rule {
  verbs: string[];
  group: string[];
  resource: string[];
  names: string[];
  urls: string[];
}

const HEADER = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];

// kubectl's tab writer: cells are at least 6 wide and 3 apart.
const MIN_WIDTH = 6;
const PADDING = 3;

/**
 * The table that `kubectl auth can-i --list` prints, from the same answer of the API server: rules broken down to
 * single resources, the verbs of the same resource joined, in kubectl's order.
 */
export function permissionTable(status: Wire<V1SubjectRulesReviewStatus>): string {
  const rules = compact(breakDown(status)).sort((a, b) => compare(sortKey(a), sortKey(b)));
  return layOut([HEADER, ...rules.map(cells)]);
}

function breakDown(status: Wire<V1SubjectRulesReviewStatus>): Rule[] {
  const rules: Rule[] = [];
  for (const { apiGroups, resources, verbs, resourceNames } of status.resourceRules ?? []) {
    for (const group of apiGroups ?? []) {
      for (const resource of resources ?? []) {
        for (const verb of verbs ?? []) {
          const names = resourceNames?.length ? resourceNames.map((name) => [name]) : [[]];
          for (const name of names) {
            rules.push({ verbs: [verb], group: [group], resource: [resource], names: name, urls: [] });
          }
        }
      }
    }
  }
  for (const { nonResourceURLs, verbs } of status.nonResourceRules ?? []) {
    for (const url of nonResourceURLs ?? []) {
      for (const verb of verbs ?? []) rules.push({ verbs: [verb], group: [], resource: [], names: [], urls: [url] });
    }
  }
  return rules;
}

/** Joins the verbs of one resource; URLs stay as they are, repeated ones too, as kubectl has it. */
function compact(rules: Rule[]): Rule[] {
  const byResource = new Map<string, Rule>();
  for (const rule of rules) {
    const key = JSON.stringify([rule.group, rule.resource, rule.names]);
    const known = rule.urls.length === 0 ? byResource.get(key) : undefined;
    if (known === undefined) byResource.set(rule.urls.length === 0 ? key : `url ${byResource.size}`, { ...rule });
    else known.verbs = [...new Set([...known.verbs, ...rule.verbs])];
  }
  return [...byResource.values()];
}

/** kubectl sorts by the text of the rule, verbs first. */
function sortKey({ verbs, group, resource, names, urls }: Rule): string {
  return `Verbs:${list(verbs)},APIGroups:${list(group)},Resources:${list(resource)},ResourceNames:${list(names)},NonResourceURLs:${list(urls)},`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function cells({ verbs, group, resource, names, urls }: Rule): string[] {
  const [name = '', subresource] = (resource[0] ?? '').split(/\/(.*)/s);
  const qualified = group[0] ? `${name}.${group[0]}` : name;
  return [subresource === undefined ? qualified : `${qualified}/${subresource}`, list(urls), list(names), list(verbs)];
}

/** A list in the notation of Go: `[get list]`. */
function list(words: string[]): string {
  return `[${words.join(' ')}]`;
}

function layOut(rows: string[][]): string {
  const widths = HEADER.map((_, column) =>
    Math.max(MIN_WIDTH, ...rows.map((row) => (row[column] ?? '').length + PADDING)),
  );
  const line = (row: string[]): string =>
    row.map((cell, column) => (column === HEADER.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
