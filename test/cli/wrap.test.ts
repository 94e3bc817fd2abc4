import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { programName } from '../../src/cli/programName.ts';
import { table } from '../../src/cli/ui/table.ts';
import { wrap, wrapHelp } from '../../src/cli/ui/wrap.ts';

describe('wrapped text', () => {
  it('keeps every word in order, and no line of two words is too long', () => {
    const word = fc.stringMatching(/^[a-z]{1,30}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 10, max: 90 }), (words, columns) => {
        const lines = wrap(words.join(' '), columns, 2);
        expect(lines.join(' ').split(/\s+/).filter(Boolean)).toEqual(words);
        for (const line of lines) if (line.trim().includes(' ')) expect(line.length).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('a page of help: flags with their values whole, words below words, the rest as it was', () => {
    const page = [
      'USAGE',
      '  gridpact run (--data dir) [--seed n] [--scale a|b]',
      '',
      '     [--seed]  Of keys and readings   [default = 1]',
      '  -h  --help   Print help',
    ].join('\n');
    expect(wrapHelp(page, 40).split('\n')).toEqual([
      'USAGE',
      '  gridpact run (--data dir) [--seed n]',
      '      [--scale a|b]',
      '',
      '     [--seed]  Of keys and readings',
      '               [default = 1]',
      '  -h  --help   Print help',
    ]);
  });

  it('the last column of a table goes on below itself', () => {
    const columns = [{ title: 'n', align: 'right' }, { title: 'words' }] as const;
    expect(table(columns, [['12', 'one two three four'], ['3']], 20)).toEqual([
      ' n  words',
      '--  -------------',
      '12  one two three',
      '    four',
      ' 3',
    ]);
  });
});

describe('the name to call the program by', () => {
  it('is npx gridpact where npm started it', () => {
    expect(programName({ env: {} })).toBe('gridpact');
    expect(programName({ env: { npm_lifecycle_event: 'start' } })).toBe('npx gridpact');
  });
});
