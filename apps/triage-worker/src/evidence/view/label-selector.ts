import type { V1LabelSelector } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';

type Labels = Record<string, string | undefined>;

/** Whether labels meet a selector; an empty selector is met by all. */
export function meetsSelector(selector: Wire<V1LabelSelector> | undefined, labels: Labels | undefined): boolean {
  const value = (key: string) => (labels && Object.hasOwn(labels, key) ? labels[key] : undefined);
  const exact = Object.entries(selector?.matchLabels ?? {}).every(([key, wanted]) => value(key) === wanted);
  return (
    exact &&
    (selector?.matchExpressions ?? []).every(({ key = '', operator, values = [] }) => {
      const own = value(key);
      switch (operator) {
        case 'In':
          return own !== undefined && values.includes(own);
        case 'NotIn':
          return own === undefined || !values.includes(own);
        case 'Exists':
          return own !== undefined;
        case 'DoesNotExist':
          return own === undefined;
        default:
          return false;
      }
    })
  );
}
