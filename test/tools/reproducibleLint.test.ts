/** The real ESLint configuration of the project, on planted text with the path of a file that training runs. */
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/repo.ts';

const PLANTED = ['src/env/planted.ts', 'src/agents/planted.ts'];
const eslint = new ESLint({
  cwd: REPO_ROOT,
  overrideConfig: {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: PLANTED, defaultProject: 'tsconfig.json' } },
    },
  },
});

/** How many uses the rule names. */
async function named(code: string, filePath: string): Promise<number> {
  const [result] = await eslint.lintText(code, { filePath });
  expect(result!.messages.filter((message) => message.fatal)).toEqual([]);
  return result!.messages.filter((message) => message.ruleId === 'no-restricted-properties').length;
}

describe('what decides the bytes of a policy', () => {
  it.each(PLANTED)('uses no function whose last bits an engine decides: %s', async (file) => {
    for (const name of ['exp', 'log', 'pow', 'sin', 'cos', 'tanh', 'hypot', 'random']) {
      expect(await named(`export const y = Math.${name}(1);\n`, file), name).toBe(1);
    }
    expect(await named('export const { exp } = Math;\n', file)).toBe(1);
    expect(await named('export const now = Date.now();\n', file)).toBe(1);
    expect(await named('export const y = Math.sqrt(2) + Math.floor(2.5) + Math.abs(-1);\n', file)).toBe(0);
  });

  it('makes no exception for the angles of a report', async () => {
    const angle = 'export const angle = Math.atan2(1, 2);\n';
    expect(await named(angle, 'src/env/physics/radial.ts')).toBe(1);
    expect(await named(angle, PLANTED[0]!)).toBe(1);
    expect(await named('export const y = Math.exp(1);\n', 'src/env/physics/radial.ts')).toBe(1);
  });
});
