/** What the consensus rules share: a rule with per-ban ids and file-level exemptions, and the look-ups they need. */
import type { Rule, Scope } from 'eslint';
import type ts from 'typescript';

/** Any node but the root, so that every one has a parent. */
export type Node = Exclude<Rule.Node, { type: 'Program' }>;
export type Report<Id extends string> = (node: object, id: Id) => void;

/** What an entry of the configuration lifts for its files: the ids of `allow` (default all) inside `within`. */
interface Exemption {
  readonly allow?: readonly string[];
  /** Named functions or methods (default the whole file). */
  readonly within?: readonly string[];
}

/** A rule whose every ban is a message id of its own, so that a configuration can lift one and keep the rest. */
export function defineRule<Id extends string>(
  description: string,
  messages: Record<Id, string>,
  listen: (report: Report<Id>, context: Rule.RuleContext) => Rule.RuleListener,
): Rule.RuleModule {
  return {
    meta: { type: 'problem', docs: { description }, messages, schema: [exemptionSchema(Object.keys(messages))] },
    create(context) {
      const exemption = context.options[0] as Exemption | undefined;
      const report: Report<Id> = (node, messageId) => {
        if (exemption !== undefined && isLifted(exemption, node as Node, messageId)) return;
        context.report({ node: node as Node, messageId });
      };
      return listen(report, context);
    },
  };
}

function exemptionSchema(ids: readonly string[]): Record<string, unknown> {
  return {
    type: 'object',
    properties: {
      allow: { type: 'array', items: { enum: [...ids] } },
      within: { type: 'array', items: { type: 'string' } },
    },
    additionalProperties: false,
  };
}

function isLifted({ allow, within }: Exemption, node: Node, id: string): boolean {
  return (allow === undefined || allow.includes(id)) && (within === undefined || isInside(node, within));
}

function isInside(node: Node, functions: readonly string[]): boolean {
  for (let at: Rule.Node | null = node; at !== null; at = at.parent) {
    const name = at.type === 'FunctionDeclaration' ? at.id : at.type === 'MethodDefinition' ? at.key : null;
    if (name?.type === 'Identifier' && functions.includes(name.name)) return true;
  }
  return false;
}

/** Uses of names the file itself does not declare: `Math`, `Date`, `process`. */
export function globalReferences(context: Rule.RuleContext): Scope.Reference[] {
  const globalScope = context.sourceCode.scopeManager.globalScope;
  if (globalScope === null) return [];
  const declared = globalScope.variables.filter((variable) => variable.defs.length === 0);
  return [...new Set([...globalScope.through, ...declared.flatMap((variable) => variable.references)])];
}

/** True for a use as a type only, which costs nothing at run time. */
export function isTypeReference(reference: Scope.Reference): boolean {
  return (reference as { isTypeReference?: boolean }).isTypeReference === true;
}

/** `object.name`, `object['name']`; undefined for a computed name. */
export function memberName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : undefined;
  return node.property.type === 'Literal' && typeof node.property.value === 'string' ? node.property.value : undefined;
}

export function parentOf(node: Node): Node {
  return node.parent as Node;
}

/** Up through `as T`, `!`, `satisfies` and optional chains, which do not change the value. */
export function outermost(node: Node): Node {
  const transparent = ['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'ChainExpression'];
  let at = node;
  while (transparent.includes(at.parent.type as string)) at = parentOf(at);
  return at;
}

export interface TypeLookup {
  readonly checker: ts.TypeChecker;
  typeOf(node: object): ts.Type;
}

/** Types from the parser. @throws Error when the configuration lints this file without them. */
export function typeLookup(context: Rule.RuleContext): TypeLookup {
  const services = context.sourceCode.parserServices as {
    program?: ts.Program;
    getTypeAtLocation?: (node: object) => ts.Type;
  };
  const { program, getTypeAtLocation } = services;
  if (!program || !getTypeAtLocation) throw new Error(`${context.filename}: this rule needs type information`);
  return { checker: program.getTypeChecker(), typeOf: getTypeAtLocation };
}
