/** A test that writes to the console fails: what a program says is part of what it does. */
import { afterAll, afterEach } from 'vitest';

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;
const stray: string[] = [];

for (const method of METHODS) {
  console[method] = (...parts: unknown[]) => {
    stray.push(`console.${method}: ${parts.map(String).join(' ')}`);
  };
}

function assertQuiet(): void {
  const lines = stray.splice(0);
  if (lines.length > 0) throw new Error(`stray output:\n${lines.join('\n')}`);
}

afterEach(assertQuiet);
afterAll(assertQuiet);
