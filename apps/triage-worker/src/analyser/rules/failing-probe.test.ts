import { expect, it } from 'vitest';
import { faultOf, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const killing: [string, string] = ['Killing', 'Container app failed liveness probe, will be restarted'];
const unhealthy: [string, string] = ['Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500'];
const spec = { containers: [{ name: 'app', livenessProbe: { httpGet: { path: '/healthz', port: 8080 } } }] };
const restarted = (exitCode: number) => ({
  ready: false,
  restartCount: 5,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode, reason: 'Error' } },
});

it('sees that the kubelet kills a container for its liveness probe, and what the application reports', () => {
  const log = 'INFO up\nERROR index /data/a.idx is corrupt\nERROR GET /healthz 500\n';
  const diagnosis = diagnose(
    podEvidence({ spec, container: restarted(137), events: [killing, unhealthy], log }),
    faultOf(),
  );
  expect(diagnosis.title).toBe('Liveness probe of cart-1 fails');
  expect(diagnosis.rootCause).toContain('`GET /healthz on port 8080`');
  expect(diagnosis.rootCause).toContain('index /data/a.idx is corrupt');
  expect(diagnosis.confidence).toBe(84);
});

it('sees a startup probe that never passes', () => {
  const events: [string, string][] = [['Killing', 'Container app failed startup probe, will be restarted']];
  expect(diagnose(podEvidence({ container: restarted(143), events }), faultOf()).title).toMatch(/^Startup probe/);
});

it('sees a readiness probe that keeps traffic away from a running container', () => {
  const events: [string, string][] = [
    ['Unhealthy', 'Readiness probe failed: dial tcp 10.1.2.3:8080: connect: connection refused'],
  ];
  const diagnosis = diagnose(podEvidence({ container: { ready: false }, events }), faultOf('Unhealthy'));
  expect(diagnosis.summary).toContain('gets no traffic');
  expect(diagnosis.recommendations.join()).toContain('startupProbe');
});

it('leaves a container that ends by itself to its own words, although its probes fail too', () => {
  const story = { spec, container: restarted(1), events: [unhealthy], previousLog: 'panic: out of cheese' };
  expect(diagnose(podEvidence(story), faultOf()).rootCause).toContain('out of cheese');
});

it('does not take a probe of another container for its own', () => {
  const events: [string, string][] = [['Killing', 'Container sidecar failed liveness probe, will be restarted']];
  const diagnosis = diagnose(podEvidence({ container: restarted(137), events }), faultOf());
  expect(diagnosis.title).not.toContain('probe');
});
