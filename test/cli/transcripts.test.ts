import { describe, it, expect } from 'vitest';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkTranscript, compareStep, parseTranscript } from './transcript.ts';

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.transcript'));

describe('command-line transcripts', () => {
  it.each(files.map((file) => basename(file)))(
    '%s',
    async (file) => {
      await checkTranscript(join(import.meta.dirname, file));
    },
    120_000,
  );
});

describe('the transcript reader itself', () => {
  const hex = 'ab'.repeat(32);
  const seen = (stdout: string[], status = 0) => ({ stdout, stderr: [], status });

  it('tells output, stderr, status and comments apart', () => {
    expect(parseTranscript('# why\n$ a b\nout\n\n2| err\n? 2\n$ c\n')).toEqual([
      { at: 2, comments: ['# why'], command: 'a b', stdout: ['out', ''], stderr: ['err'], status: 2 },
      { at: 7, comments: [], command: 'c', stdout: [], stderr: [], status: 0 },
    ]);
    expect(() => parseTranscript('out\n$ a\n')).toThrow(/before any command/);
    expect(() => parseTranscript('# nothing\n')).toThrow(/without a command/);
  });

  it('a placeholder matches its kind alone, and a named one the same text again', () => {
    const names = new Map<string, string>();
    expect(compareStep(seen(['key <hex64:k>']), seen([`key ${hex}`]), names)).toBeUndefined();
    expect(compareStep(seen(['<=k> <int>']), seen([`${hex} -12`]), names)).toBeUndefined();
    expect(compareStep(seen(['<hex64:k>']), seen(['cd'.repeat(32)]), names)).toMatch(/stdout line 1/);
    expect(compareStep(seen(['<int>']), seen(['1.5']), names)).toMatch(/got: +1\.5/);
  });

  it('a missing line, a line too many and another status are differences', () => {
    const names = new Map<string, string>();
    expect(compareStep(seen(['a', 'b']), seen(['a']), names)).toMatch(/line 2/);
    expect(compareStep(seen(['a']), seen(['a', 'b']), names)).toMatch(/got: +b/);
    expect(compareStep(seen(['a']), seen(['a'], 1), names)).toBe('expected status 0, got 1');
    expect(compareStep(seen(['a.c']), seen(['abc']), names)).toMatch(/line 1/);
  });
});
