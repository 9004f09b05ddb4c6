import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

/** Characters of the start and of the end of a long reason: the cause of a failed command stands at its end. */
const [START, END] = [250, 150];

/**
 * Writes the end of the log of `.ci/run` to the file that `CI_RESULTS` names: each failed or skipped test, hook and file with its
 * reason, then "N passed, N failed". Everything is installed there, so a skipped test is a failure. Vitest's JSON report does not
 * contain the reason of a failed hook.
 */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const passed = modules.reduce((sum, { children }) => sum + children.allTests('passed').toArray().length, 0);
    const failures = [
      ...modules.flatMap((module) => failuresOf(module)),
      ...unhandled.map((error) => line('outside of the tests', [error])),
    ];
    const file = process.env.CI_RESULTS;
    if (file === undefined) throw new Error('CI_RESULTS is not set: name the file for the results');
    writeFileSync(file, [...failures, '', `${passed} passed, ${failures.length} failed`, ''].join('\n'));
  }
}

/** Returns one line for each failure of a module: its import, its hooks and those of its groups, and its tests. */
function failuresOf(module: TestModule): string[] {
  const groups: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  const broken = groups.filter((group) => group.errors().length > 0);
  const tests = module.children.allTests().toArray();
  return [
    ...broken.map((group) => line(`${nameOf(group)} (hook or import)`, group.errors())),
    ...tests.flatMap((test) => {
      const { state, errors } = test.result();
      return state === 'passed' ? [] : [line(nameOf(test), errors ?? [], state === 'failed' ? 'failed' : 'skipped')];
    }),
  ];
}

function nameOf(entity: TestModule | TestSuite | TestCase): string {
  return entity.type === 'module' ? entity.relativeModuleId : `${entity.module.relativeModuleId} > ${entity.fullName}`;
}

function line(name: string, errors: readonly SerializedError[], verb = 'failed'): string {
  const [first] = errors;
  const reason = (first?.message ?? '').replaceAll(/\s+/g, ' ').trim();
  const cut = reason.length > START + END ? `${reason.slice(0, START)} … ${reason.slice(-END)}` : reason;
  return [`${verb}: ${name}`, cut].filter((part) => part !== '').join(': ');
}
