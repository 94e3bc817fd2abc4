/**
 * Dead code across files, which tsc's noUnused* cannot see. Reported:
 *   - a file of src that neither the command line, a public path nor bench, train, tools or a test reaches;
 *   - a value exported by src that no other file names (tests count as use: the note at the end counts those
 *     that tests alone use);
 *   - a type exported by src that nothing names, its own file included. A type costs nothing at run time and
 *     often spells out the signature of another export, so use at home is use.
 * A `@public` tag in the doc comment of an export keeps it. Only syntax is read, no types: a second or two.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOTS = ['src', 'test', 'bench', 'train', 'tools'];
/** Run, not imported. */
const ENTRY = /^(test|bench|train|tools)\/|^src\/cli\/main\.ts$/;
/** Public paths of the package (package.json `exports`): what they hand on is used by others. */
const PUBLIC = ['src/env/index.ts'];
/** Where an unused export is a finding; elsewhere a file is its own user. */
const CHECKED = /^src\//;

export interface DeadCode {
  readonly files: readonly string[];
  /** `file: name` */
  readonly exports: readonly string[];
  /** Exports that only tests name; not a finding. */
  readonly testOnly: readonly string[];
}

interface Exported {
  readonly name: string;
  readonly isType: boolean;
  readonly isKept: boolean;
}

interface Module {
  readonly exports: Exported[];
  /** `export { name as as } from './x.ts'`, `export * from './x.ts'` (name '*'). */
  readonly forwards: { readonly from: string; readonly name: string; readonly as: string }[];
  /** Names used of another file; '*' when it cannot be told which. */
  readonly uses: { readonly from: string; readonly name: string }[];
  /** Identifier -> how often the file mentions it. */
  readonly mentions: Map<string, number>;
}

/** @param root of the repository; files that are not TypeScript are not looked at. */
export function findDeadCode(root: string): DeadCode {
  const modules = new Map<string, Module>();
  for (const file of ROOTS.flatMap((dir) => typescriptFiles(root, dir))) modules.set(file, readModule(root, file));
  const users = collectUsers(modules);
  const exports: string[] = [];
  const testOnly: string[] = [];
  for (const [file, module] of modules) {
    if (!CHECKED.test(file)) continue;
    for (const exported of module.exports) {
      const usedBy = [...(users.get(`${file}: ${exported.name}`) ?? []), ...(users.get(`${file}: *`) ?? [])];
      if (isDead(exported, usedBy, module)) exports.push(`${file}: ${exported.name}`);
      else if (!exported.isType && usedBy.length > 0 && usedBy.every((user) => user.startsWith('test/'))) {
        testOnly.push(`${file}: ${exported.name}`);
      }
    }
  }
  return { files: unreachable(modules), exports, testOnly };
}

function isDead(exported: Exported, usedBy: readonly string[], module: Module): boolean {
  if (exported.isKept || usedBy.length > 0) return false;
  return !exported.isType || (module.mentions.get(exported.name) ?? 0) < 2;
}

/** `file: name` -> the files that use it, looked up through re-exports. */
function collectUsers(modules: ReadonlyMap<string, Module>): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  const mark = (user: string, file: string, name: string): void => {
    const key = `${file}: ${name}`;
    const known = users.get(key) ?? new Set();
    if (known.has(user)) return;
    users.set(key, known.add(user));
    for (const forward of modules.get(file)?.forwards ?? []) {
      if (forward.as === '*') mark(user, forward.from, name);
      else if (forward.as === name || name === '*') mark(user, forward.from, forward.name);
    }
  };
  for (const [user, module] of modules) for (const { from, name } of module.uses) mark(user, from, name);
  for (const file of PUBLIC) mark('package.json', file, '*');
  return users;
}

function unreachable(modules: ReadonlyMap<string, Module>): string[] {
  const seen = new Set<string>();
  const queue = [...modules.keys()].filter((file) => ENTRY.test(file) || PUBLIC.includes(file));
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const module = modules.get(file);
    queue.push(...[...(module?.uses ?? []), ...(module?.forwards ?? [])].map(({ from }) => from));
  }
  return [...modules.keys()].filter((file) => !seen.has(file));
}

function typescriptFiles(root: string, dir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' });
  } catch {
    return []; // a repository without this folder
  }
  const files = names.map((name) => `${dir}/${name.split(path.sep).join('/')}`);
  return files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')).sort();
}

function readModule(root: string, file: string): Module {
  const text = readFileSync(path.join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const module: Module = { exports: [], forwards: [], uses: [], mentions: new Map() };
  for (const statement of source.statements) readStatement(statement, file, source, module);
  walk(source, (node) => readExpression(node, file, module));
  return module;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The imported file relative to the root; undefined for a package. */
function target(specifier: ts.Node | undefined, file: string): string | undefined {
  if (specifier === undefined || !ts.isStringLiteralLike(specifier) || !specifier.text.startsWith('.'))
    return undefined;
  return path.posix.join(path.posix.dirname(file), specifier.text).replace(/\.js$/, '.ts');
}

function readStatement(statement: ts.Statement, file: string, source: ts.SourceFile, module: Module): void {
  if (ts.isImportDeclaration(statement)) readImport(statement, file, source, module);
  else if (ts.isExportDeclaration(statement)) readExportList(statement, file, module);
  else if (ts.isExportAssignment(statement)) module.exports.push({ name: 'default', isType: false, isKept: false });
  else if (hasModifier(statement, ts.SyntaxKind.ExportKeyword)) module.exports.push(...declaredNames(statement));
}

function readImport(
  { importClause, moduleSpecifier }: ts.ImportDeclaration,
  file: string,
  source: ts.SourceFile,
  module: Module,
): void {
  const from = target(moduleSpecifier, file);
  if (from === undefined) return;
  const bindings = importClause?.namedBindings;
  if (importClause?.name) module.uses.push({ from, name: 'default' });
  if (bindings && ts.isNamedImports(bindings)) {
    for (const { name, propertyName } of bindings.elements)
      module.uses.push({ from, name: (propertyName ?? name).text });
  } else if (bindings) {
    for (const name of membersOf(bindings.name.text, source)) module.uses.push({ from, name });
  }
  // A side-effect import reaches the file and names nothing.
  module.uses.push({ from, name: '' });
}

/** What `import * as namespace` is used for; '*' once it is used as a value of its own. */
function membersOf(namespace: string, source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  walk(source, (node) => {
    if (!ts.isIdentifier(node) || node.text !== namespace || ts.isNamespaceImport(node.parent)) return;
    const { parent } = node;
    if (ts.isPropertyAccessExpression(parent) && parent.expression === node) names.add(parent.name.text);
    else if (ts.isQualifiedName(parent) && parent.left === node) names.add(parent.right.text);
    else names.add('*');
  });
  return names;
}

function readExportList(
  { exportClause, moduleSpecifier, isTypeOnly }: ts.ExportDeclaration,
  file: string,
  module: Module,
): void {
  const from = target(moduleSpecifier, file);
  if (from !== undefined && (exportClause === undefined || ts.isNamespaceExport(exportClause))) {
    module.forwards.push({ from, name: '*', as: exportClause === undefined ? '*' : exportClause.name.text });
    return;
  }
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) return;
  for (const { name, propertyName, isTypeOnly: isType } of exportClause.elements) {
    if (from !== undefined) module.forwards.push({ from, name: (propertyName ?? name).text, as: name.text });
    module.exports.push({ name: name.text, isType: isTypeOnly || isType, isKept: false });
  }
}

function hasModifier(node: ts.Statement, modifier: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === modifier);
}

function declaredNames(statement: ts.Statement): Exported[] {
  const isKept = ts.getJSDocTags(statement).some((tag) => tag.tagName.text === 'public');
  const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations
      .flatMap(({ name }) => bindingNames(name))
      .map((name) => ({ name, isType, isKept }));
  }
  const { name } = statement as ts.FunctionDeclaration | ts.ClassDeclaration | ts.InterfaceDeclaration;
  return [{ name: hasModifier(statement, ts.SyntaxKind.DefaultKeyword) ? 'default' : name!.text, isType, isKept }];
}

function bindingNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bindingNames(element.name)));
}

/** Mentions of names, and `import()` in all its forms, as expression and as type. */
function readExpression(node: ts.Node, file: string, module: Module): void {
  if (ts.isIdentifier(node)) module.mentions.set(node.text, (module.mentions.get(node.text) ?? 0) + 1);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const from = target(node.argument.literal, file);
    const name = node.qualifier && ts.isIdentifier(node.qualifier) ? node.qualifier.text : '*';
    if (from !== undefined) module.uses.push({ from, name });
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const from = target(node.arguments[0], file);
    if (from !== undefined) module.uses.push(...dynamicNames(node).map((name) => ({ from, name })));
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
    const from = target(node.arguments?.[0], file);
    if (from !== undefined) module.uses.push({ from, name: '*' });
  }
}

/** `const { a, b } = await import()` and `(await import()).a` name what they use; anything else may use all. */
function dynamicNames(call: ts.CallExpression): string[] {
  let at: ts.Node = call.parent;
  while (ts.isAwaitExpression(at) || ts.isParenthesizedExpression(at)) at = at.parent;
  if (ts.isPropertyAccessExpression(at) && at.name.text !== 'then') return [at.name.text];
  if (!ts.isVariableDeclaration(at) || !ts.isObjectBindingPattern(at.name)) return ['*'];
  return at.name.elements.map(({ name, propertyName }) => (propertyName ?? name).getText());
}

function main(): void {
  const { files, exports, testOnly } = findDeadCode(process.cwd());
  for (const file of files) process.stdout.write(`dead file    ${file}\n`);
  for (const name of exports) process.stdout.write(`dead export  ${name}\n`);
  if (process.argv.includes('--tests')) for (const name of testOnly) process.stdout.write(`tests only   ${name}\n`);
  process.stdout.write(
    `deadcode: ${files.length} files, ${exports.length} exports; ${testOnly.length} exports are used by tests only (--tests lists them)\n`,
  );
  process.exitCode = files.length + exports.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
