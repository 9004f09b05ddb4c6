// Reads vitest's JSON reports.
//   failed-files ALL           prints the test files with a failure, one a line
//   summary AGAIN? ALL         prints what was skipped, failed or passed only when it ran again alone, then "N passed, N failed"
import { readFileSync } from 'node:fs';

const print = (line) => process.stdout.write(`${line}\n`);
const [mode, ...paths] = process.argv.slice(2);
const reports = paths
  .toSorted((one) => (one.endsWith('again.json') ? 1 : -1))
  .map((path) => JSON.parse(readFileSync(path, 'utf8')));

if (mode === 'failed-files') {
  for (const file of reports[0].testResults) if (file.status === 'failed') print(file.name);
} else {
  const files = new Map();
  const repeated = [];
  for (const report of reports) {
    for (const file of report.testResults) {
      const before = files.get(file.name);
      if (before)
        repeated.push(
          ...before.assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
        );
      files.set(file.name, file);
    }
  }
  const tests = [...files.values()].flatMap((file) => file.assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  // A file that could not be imported has a failure and no tests.
  const broken = [...files.values()].filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  for (const name of repeated) print(`ran again alone: ${name}`);
  for (const test of skipped) print(`skipped: ${test.fullName}`);
  for (const test of failed) print(`failed: ${test.fullName}`);
  for (const file of broken) print(`did not run: ${file.name}`);
  const passed = tests.length - failed.length - skipped.length;
  const notPassed = failed.length + skipped.length + broken.length;
  print(`\n${passed} passed, ${notPassed} failed`);
  process.exitCode = notPassed === 0 && passed > 0 ? 0 : 1;
}
