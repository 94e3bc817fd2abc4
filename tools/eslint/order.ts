/**
 * Consensus code meets collections in one order on every node. A Map or Set keeps the order of insertion,
 * which after a restart is the order of the store, not of the history; an object's keys put integer-like
 * names first; a sort without a comparator compares texts. The way through: sortedKeys and sortedEntries
 * (src/base/sorted.ts), or `.sort(compare)` right on the keys.
 */
import type ts from 'typescript';
import { defineRule, memberName, outermost, parentOf, typeLookup, type Node, type TypeLookup } from './rule.ts';

const MESSAGES = {
  sortComparator:
    'A sort without a comparator compares texts: give it one (compareText, compareBytes, (a, b) => a - b).',
  unsortedIteration:
    'This order is that of insertion. Iterate over sortedKeys or sortedEntries (src/base/sorted.ts), or sort with a comparator at once.',
};

const UNORDERED_TYPES = new Set(['Map', 'ReadonlyMap', 'Set', 'ReadonlySet']);
const ITERATING = new Set(['forEach', 'entries', 'keys', 'values']);
const OBJECT_KEYS = new Set(['keys', 'values', 'entries', 'getOwnPropertyNames', 'getOwnPropertySymbols']);

type Call = Extract<Node, { type: 'CallExpression' }>;

export const order = defineRule<keyof typeof MESSAGES>(
  'one order of iteration on every node',
  MESSAGES,
  (report, context) => {
    const types = typeLookup(context);
    const checkTaken = (node: object, taken: object): void => {
      if (isUnordered(types.typeOf(taken), types)) report(node, 'unsortedIteration');
    };
    return {
      ForInStatement: (node) => report(node, 'unsortedIteration'),
      ForOfStatement: (node) => checkTaken(node.right, node.right),
      YieldExpression(node) {
        if (node.delegate && node.argument) checkTaken(node, node.argument);
      },
      SpreadElement(node) {
        if (node.parent.type !== 'ObjectExpression' && !isSortedAtOnce(node)) checkTaken(node, node.argument);
      },
      VariableDeclarator(node) {
        if (node.id.type === 'ArrayPattern' && node.init) checkTaken(node.init, node.init);
      },
      AssignmentExpression(node) {
        if (node.left.type === 'ArrayPattern') checkTaken(node.right, node.right);
      },
      CallExpression(node) {
        if (isSortWithout(node)) report(node, 'sortComparator');
        else if (takesInsertionOrder(node, types) && !isSortedAtOnce(node)) report(node, 'unsortedIteration');
      },
    };
  },
);

function isSortWithout({ callee, arguments: given }: Call): boolean {
  const name = memberName(callee as Node);
  return (name === 'sort' || name === 'toSorted') && given.length === 0;
}

/** `map.keys()`, `Object.keys(o)`, `Reflect.ownKeys(o)`, `Array.from(map)`. A count of keys has no order. */
function takesInsertionOrder(node: Call, types: TypeLookup): boolean {
  const callee = node.callee as Node;
  const name = memberName(callee);
  if (callee.type !== 'MemberExpression' || name === undefined) return false;
  const owner = callee.object.type === 'Identifier' ? callee.object.name : '';
  if (owner === 'Object' && OBJECT_KEYS.has(name)) return memberName(parentOf(outermost(node))) !== 'length';
  if (owner === 'Reflect') return name === 'ownKeys';
  if (owner === 'Array' && name === 'from')
    return node.arguments[0] !== undefined && isUnordered(types.typeOf(node.arguments[0]), types);
  return ITERATING.has(name) && isUnordered(types.typeOf(callee.object), types);
}

/** Climb from keys through `[...keys]` and `Array.from(keys)` to `.sort(compare)`. */
function isSortedAtOnce(node: Node): boolean {
  for (let at = outermost(node); ; at = outermost(at)) {
    const parent = parentOf(at);
    if (parent.type === 'SpreadElement' || parent.type === 'ArrayExpression') at = parent;
    else if (parent.type === 'CallExpression' && isArrayFrom(parent) && parent.arguments.length === 1) at = parent;
    else return isSortWith(parent, at);
  }
}

function isArrayFrom({ callee }: Call): boolean {
  return (
    callee.type === 'MemberExpression' &&
    callee.object.type === 'Identifier' &&
    callee.object.name === 'Array' &&
    memberName(callee as Node) === 'from'
  );
}

function isSortWith(member: Node, sorted: Node): boolean {
  const name = memberName(member);
  if (member.type !== 'MemberExpression' || member.object !== sorted) return false;
  const call = parentOf(member);
  const isSort = name === 'sort' || name === 'toSorted';
  return isSort && call.type === 'CallExpression' && call.callee === member && call.arguments.length > 0;
}

/** Map or Set, one of their subclasses, a type parameter bound to one, or a union that may be one. */
function isUnordered(type: ts.Type, types: TypeLookup): boolean {
  if (type.isUnionOrIntersection()) return type.types.some((part) => isUnordered(part, types));
  if (UNORDERED_TYPES.has(type.getSymbol()?.name ?? '')) return true;
  const bound = type.isTypeParameter() ? types.checker.getBaseConstraintOfType(type) : undefined;
  if (bound !== undefined && bound !== type) return isUnordered(bound, types);
  const declared = (type as Partial<ts.TypeReference>).target ?? type;
  return (declared.getBaseTypes?.() ?? []).some((base) => isUnordered(base, types));
}
