import { describe, expect, it } from 'vitest';
import { faultOf, gap, objectPiece, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const looping = (exitCode: number) => ({
  ready: false,
  restartCount: 6,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
  lastState: { terminated: { exitCode, reason: 'Error' } },
});
const events: [string, string][] = [['BackOff', 'Back-off restarting failed container app in pod cart-1']];

describe('a container that crashes', () => {
  it.each([
    ['FATAL dial tcp 10.0.0.7:5432: connect: connection refused', 'refuses the connection'],
    ["KeyError: 'DATABASE_URL'", 'a setting that it needs from its environment is missing'],
    ['Error: environment variable API_TOKEN is not set', 'a setting that it needs from its environment is missing'],
    ["Error: ENOENT: no such file or directory, open '/etc/app/config.json'", 'a file that it needs is missing'],
    ["PermissionError: [Errno 13] Permission denied: '/data/db'", 'it may not do something in its file system'],
    ['ERROR: permission denied for table invoices (SQLSTATE 42501)', 'its database user lacks a permission'],
    ['Error: listen EADDRINUSE: address already in use :::8080', 'the port that it wants to listen on is taken'],
    ['Error: getaddrinfo ENOTFOUND cart-db', 'the name of a service it depends on cannot be resolved'],
    ['FATAL: password authentication failed for user "cart"', 'rejects its credentials'],
  ])('is explained by the line %j of its previous log', (line, meaning) => {
    const previousLog = `2026-01-02 INFO starting\n${line}\n`;
    const diagnosis = diagnose(podEvidence({ container: looping(1), events, previousLog }), faultOf());
    expect(diagnosis.rootCause).toContain(meaning);
    expect(diagnosis.quotes.map(({ text }) => text).join('\n')).toContain(line);
    expect(diagnosis).toMatchObject({ determined: true, confidence: 86 });
  });

  it('is explained by the log of the run that ended, not of the one that has just begun', () => {
    const story = {
      container: looping(1),
      events,
      previousLog: 'panic: nil map',
      log: 'FATAL: no such file or directory',
    };
    expect(diagnose(podEvidence(story), faultOf()).rootCause).toContain('`panic: nil map`');
  });

  it.each([
    [127, 'the command was not found in the image'],
    [126, 'cannot be executed'],
    [139, 'segmentation fault'],
  ])('is explained by the exit code %i when there is no log', (exitCode, meaning) => {
    const diagnosis = diagnose(podEvidence({ container: looping(exitCode), events }), faultOf());
    expect(diagnosis.rootCause).toContain(meaning);
    expect(diagnosis.determined).toBe(true);
  });

  it('is not determined by exit code 1 alone, and the log that could not be read is named', () => {
    const more = [gap('kubectl logs -n shop cart-1 -c app --previous')];
    const diagnosis = diagnose(podEvidence({ container: looping(1), events, more }), faultOf());
    expect(diagnosis.determined).toBe(false);
    expect(diagnosis.rootCause).toContain('Its log could not be read or is empty');
    expect(diagnosis.quotes).toContainEqual({
      command: 'kubectl logs -n shop cart-1 -c app --previous',
      text: 'not read (forbidden): forbidden for this user',
    });
  });

  it("is explained by the kubelet's message when it cannot even start", () => {
    const message =
      'failed to create containerd task: exec: "/app/server": stat /app/server: no such file or directory';
    const container = { ...looping(128), lastState: { terminated: { exitCode: 128, reason: 'StartError', message } } };
    const diagnosis = diagnose(podEvidence({ container, events }), faultOf());
    expect(diagnosis.rootCause).toContain('a file that it needs is missing');
    expect(diagnosis.rootCause).toContain('The kubelet says');
  });

  it('leads to the workload behind the service that it cannot reach', () => {
    const more = [
      objectPiece('dependency', { kind: 'Service', metadata: { name: 'cart-db' }, spec: { clusterIP: '10.0.0.7' } }),
      objectPiece('dependency', { kind: 'StatefulSet', metadata: { name: 'cart-db' }, spec: { replicas: 0 } }),
    ];
    const previousLog = 'FATAL dial tcp 10.0.0.7:5432: connection refused';
    const diagnosis = diagnose(podEvidence({ container: looping(1), events, previousLog, more }), faultOf());
    expect(diagnosis.title).toContain('cart-db is scaled to 0 replicas');
    expect(diagnosis.recommendations[0]).toContain('kubectl scale -n default statefulset/cart-db');
  });

  it('does not blame a service that is well', () => {
    const ready = { conditions: [{ type: 'Ready', status: 'True' }], phase: 'Running' };
    const more = [
      objectPiece('dependency', { kind: 'Service', metadata: { name: 'cart-db' }, spec: {} }),
      objectPiece('dependency', { kind: 'Pod', metadata: { name: 'cart-db-0' }, status: ready }),
    ];
    const previousLog = 'FATAL cart-db:5432: connection refused';
    const diagnosis = diagnose(podEvidence({ container: looping(1), events, previousLog, more }), faultOf());
    expect(diagnosis.title).not.toContain('cart-db');
  });

  it('is no crash when an old end is over and the fault is about something else', () => {
    const container = { restartCount: 1, lastState: { terminated: { exitCode: 1 } } };
    const diagnosis = diagnose(podEvidence({ container, previousLog: 'panic: long ago' }), faultOf('Unhealthy'));
    expect(diagnosis.title).toMatch(/^Not determined/);
  });
});
