/**
 * Runs a module of this repository in headless Chromium: a local server hands out sources, TypeScript stripped and
 * package names made addresses, and takes what the page sends back. Nothing is bundled.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { REPO_ROOT } from './repo.ts';

/** GRIDPACT_CHROMIUM, else `chromium` on the path; undefined: there is none. */
export function chromiumPath(): string | undefined {
  const name = process.env['GRIDPACT_CHROMIUM'] ?? 'chromium';
  return spawnSync(name, ['--version'], { encoding: 'utf8' }).status === 0 ? name : undefined;
}

/**
 * `entry`, a path from the root of the repository, exports the function `name`, which answers `input` with JSON or a
 * promise of it.
 * @throws what the page threw, or that it said nothing for `timeoutMs`.
 */
export async function runInBrowser<T>(entry: string, name: string, input: object, timeoutMs: number): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'gridpact-chromium-'));
  const answer = settable();
  const server = createServer((request, response) => serve(request, response, { entry, name, input, answer }));
  const url = await listen(server);
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0'];
  const browser = spawn(chromiumPath()!, [...flags, `--user-data-dir=${profile}`, url], {
    detached: true,
    stdio: 'ignore',
  });
  const timer = setTimeout(() => answer.reject(new Error(`no answer of the page in ${timeoutMs} ms`)), timeoutMs);
  try {
    const { result, error } = JSON.parse(await answer.promise) as { result: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  } finally {
    clearTimeout(timer);
    await stop(browser);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends the browser and the processes it started, which share its group. */
function stop(browser: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve) => {
    browser.once('exit', () => resolve());
    if (browser.exitCode !== null || browser.pid === undefined) resolve();
    else process.kill(-browser.pid, 'SIGKILL');
  });
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  });
}

interface Settable {
  readonly promise: Promise<string>;
  resolve(text: string): void;
  reject(error: Error): void;
}

function settable(): Settable {
  let resolve!: (text: string) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<string>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

interface Page {
  readonly entry: string;
  readonly name: string;
  readonly input: object;
  readonly answer: Settable;
}

function serve(request: IncomingMessage, response: ServerResponse, { entry, name, input, answer }: Page): void {
  const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
  if (path === '/') send(response, 'text/html', `<script type="module">${pageScript(entry, name, input)}</script>`);
  else if (path === '/answer') {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      send(response, 'text/plain', '');
      answer.resolve(body);
    });
  } else {
    const file = join(REPO_ROOT, path);
    if (!file.startsWith(REPO_ROOT) || !existsSync(file)) response.writeHead(404).end();
    else send(response, 'text/javascript', moduleSource(file));
  }
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function pageScript(entry: string, name: string, input: object): string {
  return `
    const send = (answer) => fetch('/answer', { method: 'POST', body: JSON.stringify(answer) });
    try {
      const page = await import('/${entry}');
      await send({ result: await page.${name}(${JSON.stringify(input).replaceAll('<', '\\u003c')}) });
    } catch (error) {
      await send({ error: String(error.stack ?? error) });
    }`;
}

const TARGET = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
const IMPORT = /(\bfrom\s*|\bimport\s*)(['"])([^'".][^'"]*)\2/g;

function moduleSource(file: string): string {
  const text = readFileSync(file, 'utf8');
  const script = file.endsWith('.ts') ? ts.transpileModule(text, { compilerOptions: TARGET }).outputText : text;
  return script.replace(IMPORT, (_, before: string, quote: string, name: string) => {
    const path = name.startsWith('/') ? name : `/${relative(REPO_ROOT, packageFile(name, dirname(file)))}`;
    return `${before}${quote}${path}${quote}`;
  });
}

/** The file a package name stands for, by the `exports` of its package.json. */
function packageFile(name: string, from: string): string {
  const [scope, second, ...rest] = name.split('/');
  const packageName = scope!.startsWith('@') ? `${scope}/${second}` : scope!;
  const inside = (scope!.startsWith('@') ? rest : [second, ...rest].filter((part) => part !== undefined)).join('/');
  for (let folder = from; ; folder = dirname(folder)) {
    const root = join(folder, 'node_modules', packageName);
    if (existsSync(root)) return join(root, exported(root, inside === '' ? '.' : `./${inside}`));
    if (folder === dirname(folder)) throw new Error(`no package ${packageName}`);
  }
}

type Exports = string | { readonly [key: string]: Exports };

function exported(root: string, key: string): string {
  const { exports, main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports?: Readonly<Record<string, Exports>>;
    main?: string;
  };
  let found: Exports | undefined = exports?.[key] ?? (key === '.' ? main : key);
  while (typeof found === 'object') found = found['browser'] ?? found['import'] ?? found['default'];
  if (found === undefined) throw new Error(`${root} does not export ${key}`);
  return found;
}
