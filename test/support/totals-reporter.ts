import { writeSync } from 'node:fs';

import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

import { rowOf } from './capability-rows.ts';

type Totals = { passed: number; failed: number; skipped: string[]; notes: string[]; rows: Set<number> };

/**
 * Says last, and alone on its line, what really happened: `N passed, N failed, N skipped`. Before that it lists by
 * name whatever was skipped, because a green run that did not run is not green. A file or a hook that failed and an
 * error outside any test each count as one failure. With REQUIRE_SERVERS=1 a skip fails the run. Before that it says
 * which rows of the table of capabilities had a test that passed, by names that begin with `row 57: `.
 */
export class TotalsReporter implements Reporter {
  #pattern: RegExp | undefined;
  #text: string | undefined;

  onInit(vitest: Vitest): void {
    this.#pattern = vitest.config.testNamePattern;
    // Other reporters (coverage, for one) still print after the run has ended, so the last line is written at exit.
    if (!vitest.config.watch) process.once('exit', () => this.#print());
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const totals = count(modules, unhandled, this.#pattern);
    const forbidden = process.env['REQUIRE_SERVERS'] === '1' && totals.skipped.length > 0;
    if (forbidden) totals.notes.push('REQUIRE_SERVERS=1: a skipped test fails this run.');
    if (forbidden || totals.failed > 0) process.exitCode = 1;
    this.#text = render(totals);
  }

  #print(): void {
    // Without a text the run itself broke before it ended: that is a failure, not an absence of failures.
    const text = this.#text ?? '\n0 passed, 1 failed, 0 skipped\n';
    if (this.#text === undefined) process.exitCode ||= 1;
    try {
      writeSync(1, text);
    } catch {
      process.stdout.write(text);
    }
  }
}

function count(
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
  pattern: RegExp | undefined,
): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: [], notes: [], rows: new Set() };
  const fail = (what: string): void => {
    totals.failed += 1;
    totals.notes.push(what);
  };
  for (const module of modules) {
    if (module.errors().length > 0) fail(`failed outside its tests: ${module.relativeModuleId}`);
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) fail(`failed outside its tests: ${nameOf(suite)}`);
    }
    let tests = 0;
    for (const test of module.children.allTests()) {
      tests += 1;
      const result = test.result();
      if (result.state === 'passed') {
        totals.passed += 1;
        const row = rowOf(test.name);
        if (row !== undefined) totals.rows.add(row);
      } else if (result.state === 'failed') totals.failed += 1;
      else if (result.state === 'pending') fail(`never ended: ${nameOf(test)}`);
      else if (selected(test, pattern)) totals.skipped.push(nameOf(test) + (result.note ? ` (${result.note})` : ''));
    }
    if (tests === 0 && module.errors().length === 0) fail(`has no tests or was never run: ${module.relativeModuleId}`);
  }
  for (const error of unhandled) fail(`error outside any test: ${error.message}`);
  return totals;
}

/** Tests that `-t` left out were not asked for; they are not skips. */
function selected(test: TestCase, pattern: RegExp | undefined): boolean {
  return pattern === undefined || pattern.test(path(test).join(' '));
}

function nameOf(entity: TestCase | TestSuite): string {
  return [entity.module.relativeModuleId, ...path(entity)].join(' > ');
}

function path(entity: TestCase | TestSuite): string[] {
  const names: string[] = [];
  for (let at: TestCase | TestSuite | TestModule = entity; at.type !== 'module'; at = at.parent) names.unshift(at.name);
  return names;
}

function render({ passed, failed, skipped, notes, rows }: Totals): string {
  const lines = [''];
  if (rows.size > 0) lines.push(`Rows of the table of capabilities that were covered: ${ranges(rows)}`, '');
  if (skipped.length > 0) lines.push(`Skipped (${skipped.length}):`, ...skipped.map((name) => `  - ${name}`), '');
  if (notes.length > 0) lines.push(...notes, '');
  lines.push(`${passed} passed, ${failed} failed, ${skipped.length} skipped`, '');
  return lines.join('\n');
}

/** 57, 58, 59, 71: `57 to 59, 71 (4)`. */
function ranges(rows: ReadonlySet<number>): string {
  const parts: { from: number; to: number }[] = [];
  for (const row of [...rows].toSorted((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last?.to === row - 1) last.to = row;
    else parts.push({ from: row, to: row });
  }
  const text = parts.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
  return `${text} (${rows.size})`;
}
