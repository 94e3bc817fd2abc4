/**
 * Ends a test run with exactly one line, `N passed, N failed, N skipped`, after all other output, so that a
 * script can read it; the skipped tests are listed before it with their reasons. A file that does not load
 * and an error outside any test count as failed, so that a run that exits non-zero never says `0 failed`.
 */
import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export function summaryLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** @param errors outside any test. */
export function countTests(modules: readonly TestModule[], errors: readonly SerializedError[]): Totals {
  const totals: Totals = { passed: 0, failed: errors.length, skipped: 0 };
  for (const module of modules) {
    totals.failed += module.errors().length;
    for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
    for (const test of module.children.allTests()) totals[outcome(test)]++;
  }
  return totals;
}

function outcome(test: TestCase): keyof Totals {
  const { state } = test.result();
  // A test that never ran, because its run was cut short, has not passed.
  return state === 'pending' ? 'failed' : state;
}

function skipLines(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) =>
    [...module.children.allTests('skipped')].map((test) => {
      const result = test.result();
      const note = result.state === 'skipped' ? result.note : undefined;
      return `skipped: ${module.relativeModuleId} > ${test.fullName}${note === undefined ? '' : `: ${note}`}`;
    }),
  );
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const lines = [...skipLines(modules), summaryLine(countTests(modules, errors))];
    // At exit, because other reporters and vitest itself may still write.
    process.once('exit', () => writeSync(1, `${lines.join('\n')}\n`));
  }
}
