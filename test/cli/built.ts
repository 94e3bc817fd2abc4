/**
 * The CLI as plain JavaScript under .cache/cli, so that a transcript line starts in a tenth of a second, where a
 * TypeScript loader takes a third. Only files that changed are written again. Types are checked elsewhere.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const OUT = join(ROOT, '.cache', 'cli');
// What code finds from its own place, two levels below the root both in src and in dist.
const BESIDE = ['package.json', 'models', 'train', 'docs'];

/** The path of the program to run with node: GRIDPACT_CLI when set, else what it just brought up to date. */
export async function builtCli(): Promise<string> {
  const given = process.env['GRIDPACT_CLI'];
  if (given !== undefined) return resolve(given);
  mkdirSync(OUT, { recursive: true });
  for (const name of BESIDE) link(name);
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const stale = sources.filter((file) => /(?<!\.d)\.ts$/.test(file) && isStale(file));
  if (stale.length > 0) await transpile(stale);
  return join(OUT, 'dist', 'cli', 'main.js');
}

function link(name: string): void {
  if (existsSync(join(OUT, name)) || !existsSync(join(ROOT, name))) return;
  try {
    symlinkSync(join(ROOT, name), join(OUT, name));
  } catch (error) {
    // Another test worker may have made it first.
    if (!existsSync(join(OUT, name))) throw error;
  }
}

function outputOf(file: string): string {
  return join(OUT, 'dist', file.replace(/\.ts$/, '.js'));
}

function isStale(file: string): boolean {
  const output = statSync(outputOf(file), { throwIfNoEntry: false });
  return output === undefined || output.mtimeMs < statSync(join(ROOT, 'src', file)).mtimeMs;
}

async function transpile(files: readonly string[]): Promise<void> {
  const { default: ts } = await import('typescript');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  for (const file of files) {
    const text = readFileSync(join(ROOT, 'src', file), 'utf8');
    const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: file });
    mkdirSync(dirname(outputOf(file)), { recursive: true });
    // Renamed into place: another worker may be reading the old one.
    const fresh = `${outputOf(file)}.${process.pid}`;
    writeFileSync(fresh, outputText);
    renameSync(fresh, outputOf(file));
  }
}
