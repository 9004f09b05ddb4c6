import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Kinds } from '../../../evidence/kubernetes-object.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { culpritObject, hypothesis } from '../../hypothesis.ts';
import { quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

type Ingress = Wire<Kinds['Ingress']>;

/** The Service that a rule of an Ingress names. */
interface Backend {
  path: string;
  name: string;
  port: unknown;
}

const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';

/** What an Ingress names and does not exist: its class, the Services of its rules, their ports. */
export function ingressTrouble(view: ClusterView, ingress: Ingress): Hypothesis | undefined {
  return classTrouble(view, ingress) ?? backendTrouble(view, ingress);
}

/** The Services that an Ingress sends to. */
export function backendsOf({ spec }: Ingress): Backend[] {
  const rules = (spec?.rules ?? []).flatMap(({ host = '', http }) =>
    (http?.paths ?? []).map(({ path = '/', backend }) => ({ path: `${host}${path}`, service: backend?.service })),
  );
  const all = [
    ...rules,
    ...(spec?.defaultBackend ? [{ path: '(default)', service: spec.defaultBackend.service }] : []),
  ];
  return all.flatMap(({ path, service }) =>
    service?.name ? [{ path, name: service.name, port: service.port?.number ?? service.port?.name }] : [],
  );
}

function classTrouble(view: ClusterView, ingress: Ingress): Hypothesis | undefined {
  if (!view.isComplete('IngressClass')) return undefined;
  const { name = '', namespace = 'default', annotations } = ingress.metadata ?? {};
  const classes = view.all('IngressClass');
  const wanted = ingress.spec?.ingressClassName;
  const names = classes.map(({ metadata }) => metadata?.name ?? '');
  const hasDefault = classes.some(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === 'true');
  if (wanted === undefined ? hasDefault || annotations?.['kubernetes.io/ingress.class'] : names.includes(wanted))
    return undefined;
  return hypothesis({
    cause: 'ingress_class_missing',
    culprit: culpritObject({ ...ingress, kind: 'Ingress' }, 'spec.ingressClassName'),
    confidence: wanted === undefined ? 78 : 93,
    title:
      wanted === undefined
        ? `The Ingress ${plain(name)} names no IngressClass, and there is no default`
        : `The IngressClass ${plain(wanted)} of the Ingress ${plain(name)} does not exist`,
    statement: `No controller handles the Ingress ${code(name)}: ${wanted === undefined ? 'it names no IngressClass, and none is the default' : `its IngressClass ${code(wanted)} does not exist`}. There ${names.length === 0 ? 'are no IngressClasses' : `are ${code(names.join(', '))}`}.`,
    evidence: [
      quoteField(
        { ...ingress, apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
        'spec.ingressClassName',
        wanted ?? '(none)',
      ),
    ],
    actions: [`Correct ingressClassName: ${show`kubectl edit ingress -n ${namespace} ${name}`}`],
  });
}

function backendTrouble(view: ClusterView, ingress: Ingress): Hypothesis | undefined {
  const { name = '', namespace = 'default' } = ingress.metadata ?? {};
  if (!view.isComplete('Service', namespace)) return undefined;
  for (const backend of backendsOf(ingress)) {
    const service = view.get('Service', backend.name, namespace);
    const ports = service?.spec?.ports ?? [];
    const isOffered =
      backend.port === undefined ||
      ports.some((offered) => offered.port === backend.port || offered.name === backend.port);
    if (service && isOffered) continue;
    const listed = ports
      .map((offered) => `${offered.name ? `${offered.name}=` : ''}${String(offered.port)}`)
      .join(', ');
    const what = service
      ? `port ${String(backend.port)} of the Service ${backend.name}, which offers ${listed || 'none'}`
      : `the Service ${backend.name}, which does not exist`;
    return hypothesis({
      cause: 'ingress_backend_missing',
      culprit: culpritObject({ ...ingress, kind: 'Ingress' }, `spec.rules[${backend.path}]`),
      confidence: 92,
      title: `The Ingress ${plain(name)} sends ${plain(backend.path)} to ${plain(what)}`,
      statement: `The Ingress ${code(name)} sends ${code(backend.path)} to ${code(what)}, so its clients get errors.`,
      evidence: [
        quoteField(
          { ...ingress, apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
          'spec.rules',
          ingress.spec?.rules ?? [],
        ),
        ...(service ? [quoteField(service, 'spec.ports', ports)] : []),
      ],
      actions: [
        `Correct the Ingress: ${show`kubectl edit ingress -n ${namespace} ${name}`}`,
        `See which Services there are: ${show`kubectl get services -n ${namespace}`}`,
      ],
    });
  }
  return undefined;
}
