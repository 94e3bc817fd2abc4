import { describe, it, expect } from 'vitest';
import { fail } from '../../src/base/errors.ts';
import { runCli } from '../../src/cli/app.ts';
import { defineCommand, integer, type Action } from '../../src/cli/command.ts';
import { EXIT } from '../../src/cli/failure.ts';
import type { Routes } from '../../src/cli/routes.ts';
import { terminal } from './fakeTerminal.ts';

interface Flags {
  readonly steps?: number;
}

/** An application of one command, `try`, that does what the test says. */
function trying(action: Action<Flags>): Routes {
  const command = defineCommand<Flags>({
    brief: 'Try',
    parameters: {
      flags: { steps: { kind: 'parsed', parse: integer(1, 10), optional: true, brief: 'How many' } },
    },
    load: () => Promise.resolve(action),
  });
  return { try: { brief: 'Try', load: () => Promise.resolve({ command }) } };
}

async function runTry(action: Action<Flags>, args: readonly string[] = [], env: Record<string, string> = {}) {
  const screen = terminal({ env });
  const status = await runCli(['try', ...args], screen.io, trying(action));
  return { status, stdout: screen.stdout(), stderr: screen.stderr() };
}

describe('a command line, from arguments to exit status', () => {
  it('text without --json, one document with it', async () => {
    const action: Action<Flags> = (report, { steps }) => {
      report.text(`took ${steps} steps`);
      report.document({ steps, amountMicro: 12345678901234567890n, key: Uint8Array.of(1, 255) });
      report.note('a note');
    };
    expect(await runTry(action, ['--steps', '7'])).toEqual({
      status: EXIT.ok,
      stdout: 'took 7 steps\n',
      stderr: 'a note\n',
    });
    expect(await runTry(action, ['--steps=7', '--json'])).toEqual({
      status: EXIT.ok,
      stdout: '{"steps":7,"amountMicro":"12345678901234567890","key":"01ff"}\n',
      stderr: 'a note\n',
    });
  });

  it('a command may say no: status 1 and nothing on stderr', async () => {
    expect(await runTry(() => EXIT.no)).toEqual({ status: 1, stdout: '', stderr: '' });
  });

  it('an error of the table is a line on stderr, and a document with --json', async () => {
    const action: Action<Flags> = async () => {
      await Promise.resolve();
      throw fail('base.integer', { expected: 'x in [0, 1]', got: 2n });
    };
    const line = /^error base\.integer: .* \| expected x in \[0, 1\] \| got "?2"?\n$/;
    const plain = await runTry(action);
    expect(plain).toMatchObject({ status: 1, stdout: '' });
    expect(plain.stderr).toMatch(line);
    const json = await runTry(action, ['--json']);
    expect(json.stderr).toMatch(line);
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code: 'base.integer', expected: 'x in [0, 1]', got: '2' },
    });
  });

  it('any other exception is `internal`, its stack only under GRIDPACT_DEBUG=1', async () => {
    const action: Action<Flags> = () => {
      throw new RangeError('off the map');
    };
    const plain = await runTry(action, ['--json']);
    expect(plain.stderr).toBe('error internal: off the map | GRIDPACT_DEBUG=1 shows where\n');
    expect(JSON.parse(plain.stdout)).toEqual({ error: { code: 'internal', message: 'off the map' } });
    const debug = await runTry(action, [], { GRIDPACT_DEBUG: '1' });
    expect(debug).toMatchObject({ status: 1 });
    expect(debug.stderr).toMatch(/^error internal: off the map\nRangeError: off the map\n +at /);
  });

  it('a flag out of its bounds is a usage error with what the flag expects', async () => {
    const { status, stderr } = await runTry(() => EXIT.ok, ['--steps', '11']);
    expect(status).toBe(2);
    expect(stderr).toContain('| expected steps: an integer in [1, 10] | got 11');
  });

  it('a usage error found while running also ends with status 2', async () => {
    const { status } = await runTry(() => {
      throw fail('cli.usage', { expected: '--a or --b' });
    });
    expect(status).toBe(2);
  });

  it('documents are checked: none, two, or one with NaN is our mistake', async () => {
    const actions: Action<Flags>[] = [
      () => EXIT.ok,
      (report) => {
        report.document({});
        report.document({});
      },
      (report) => report.document({ loss: Number.NaN }),
    ];
    for (const action of actions) {
      expect(await runTry(action, ['--json'])).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^error internal:/),
      });
    }
  });

  it('lines stream, one document each', async () => {
    const action: Action<Flags> = (report) => {
      for (const k of [0, 1]) report.line({ k });
    };
    expect((await runTry(action, ['--json'])).stdout).toBe('{"k":0}\n{"k":1}\n');
    expect((await runTry(action)).stdout).toBe('');
  });

  it('an error takes a progress bar off the terminal first', async () => {
    const screen = terminal({ tty: true, env: { NO_COLOR: '1' } });
    const status = await runCli(
      ['try'],
      screen.io,
      trying((report) => {
        report.progress('train', 10).update(1);
        throw fail('base.unit', {});
      }),
    );
    expect(status).toBe(1);
    expect(screen.stderr()).toMatch(/train .*\r\x1b\[2Kerror base\.unit/); // eslint-disable-line no-control-regex
  });
});
