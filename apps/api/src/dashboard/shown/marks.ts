import type { Severity } from '@nightcrier/core/faults/severity';
import type { ConnectionStatus } from '@nightcrier/core/clusters/cluster-health';
import type { IncidentState } from '@nightcrier/core/incidents/incident';
import type { Problem, ProblemState } from '@nightcrier/core/problems/problem';
import { type Html, html } from '../../html/html.ts';

/** The look of a mark; each has a shape of its own in the style sheet. */
export type Tone = 'firing' | 'critical' | 'warning' | 'info' | 'good' | 'neutral' | 'plain';

/** Returns a short word with a shape and a colour. */
export function mark(tone: Tone, text: string): Html {
  return html`<span class="mark ${tone}">${text}</span>`;
}

export function severityMark(severity: Severity): Html {
  return mark(severity, severity);
}

const STATES: Record<ProblemState, Tone> = { firing: 'firing', recovered: 'good', closed: 'neutral' };

/** Returns the state of a problem, and what else holds for it. */
export function problemMarks({ state, flapping, acknowledged, silenced }: Problem): Html {
  const others = [
    flapping && mark('warning', 'flapping'),
    acknowledged && mark('info', 'acknowledged'),
    silenced && mark('neutral', 'silenced'),
  ];
  return html`${mark(STATES[state], state)} ${others.map((one) => one && html`${one} `)}`;
}

const INCIDENT_TONES: Partial<Record<IncidentState, Tone>> = {
  queued: 'neutral',
  investigating: 'info',
  reported: 'good',
  agent_failed: 'critical',
  failed: 'critical',
};

export function incidentMark(state: IncidentState): Html {
  return mark(INCIDENT_TONES[state] ?? 'warning', state.replaceAll('_', ' '));
}

/** Returns the status of a connection; one that is watched only in part is no good one. */
export function clusterMark(status: ConnectionStatus, degraded: boolean): Html {
  if (status === 'active') return degraded ? mark('warning', 'degraded') : mark('good', 'active');
  return mark(status === 'failed' || status === 'disconnected' ? 'critical' : 'warning', status);
}
