import { textAt, type KubernetesObject } from '../objects/kubernetes-object.ts';
import type { ResourceType } from '../objects/resource-types.ts';
import { badRequest } from './status-error.ts';

export type Selector = (object: KubernetesObject) => boolean;

const KEY = String.raw`[\w./-]+`;
const SET_TERM = new RegExp(String.raw`^(${KEY})\s+(in|notin)\s*\(([^)]*)\)$`);
const EQUALITY_TERM = new RegExp(String.raw`^(${KEY})\s*(==|=|!=)\s*([\w.-]*)$`);
const EXISTS_TERM = new RegExp(String.raw`^(!?)\s*(${KEY})$`);

/** Parses a labelSelector such as `app=web,tier in (a, b),!canary`. Throws 400 if it is invalid. */
export function labelSelector(text: string): (labels: Record<string, string>) => boolean {
  // Commas inside parentheses belong to a set.
  const terms = text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
  const tests = terms.map(labelTerm);
  return (labels) => tests.every((test) => test(labels));
}

function labelTerm(term: string): (labels: Record<string, string>) => boolean {
  const set = SET_TERM.exec(term);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    // As in Kubernetes, `notin` and `!=` also match objects without the label.
    return (labels) => values.has(labels[key] ?? '') === (operator === 'in') && (operator === 'notin' || key in labels);
  }
  const equality = EQUALITY_TERM.exec(term);
  if (equality) {
    const [, key = '', operator, value] = equality;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const exists = EXISTS_TERM.exec(term);
  if (exists) {
    const [, negated, key = ''] = exists;
    return (labels) => key in labels !== (negated === '!');
  }
  throw badRequest(`unable to parse requirement: found '${term}', expected: a label selector such as app=web`);
}

/** Parses a fieldSelector for objects of a type. Throws 400 for a field that cannot be selected. */
export function fieldSelector(text: string, type: ResourceType): Selector {
  const tests = text
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => fieldTerm(term.trim(), type));
  return (object) => tests.every((test) => test(object));
}

function fieldTerm(term: string, type: ResourceType): Selector {
  const parts = /^([\w.]+)(==|=|!=)(.*)$/.exec(term);
  if (!parts) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, field = '', operator, value] = parts;
  if (!['metadata.name', 'metadata.namespace', ...type.selectableFields].includes(field)) {
    throw badRequest(
      `Unable to find "${type.group ? `${type.group}/` : ''}${type.version}, Resource=${type.plural}" that match label selector "", field selector "${term}": field label not supported: ${field}`,
    );
  }
  const path = field === 'source' ? 'source.component' : field;
  return (object) => (textAt(object, path) === value) === (operator !== '!=');
}

/** Parses the labelSelector and the fieldSelector of a list or watch request. */
export function requestSelector(query: URLSearchParams, type: ResourceType): Selector {
  const byLabels = labelSelector(query.get('labelSelector') ?? '');
  const byFields = fieldSelector(query.get('fieldSelector') ?? '', type);
  return (object) => byLabels(object.metadata.labels ?? {}) && byFields(object);
}
