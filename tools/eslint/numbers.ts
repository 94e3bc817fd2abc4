/**
 * Consensus arithmetic is on integers: no literal with a fraction, no operator that can make one, no
 * Math function that differs between engines. 1e6 is allowed, because its value is an exact integer;
 * 1.0 and 1e-3 are not, because whoever wrote them was thinking of a real.
 */
import type { Scope } from 'eslint';
import { defineRule, globalReferences, isTypeReference, memberName, parentOf, type Node, type Report } from './rule.ts';

const MATH_ALLOWED = new Set(['imul', 'min', 'max', 'abs', 'floor', 'ceil', 'trunc', 'sign']);
const DIVIDING = new Set(['/', '%', '**', '/=', '%=', '**=']);
const FLOAT_STORES = new Set(['Float16Array', 'Float32Array', 'Float64Array']);
const FLOAT_ACCESS = /^[gs]etFloat(16|32|64)$/;
const NUMBER_REALS = new Set(['EPSILON', 'MAX_VALUE', 'MIN_VALUE', 'NaN', 'NEGATIVE_INFINITY', 'POSITIVE_INFINITY']);

const MESSAGES = {
  floatLiteral: 'Not an exact safe integer. Consensus code computes on integers in scaled units (src/base/fixed.ts).',
  division:
    'Bare `/`, `%` and `**` are banned here: use floorDiv, ceilDiv, floorMod, mulDivFloor, pow2, shiftFloor (src/base/fixed.ts).',
  mathMember: 'Of Math only imul, min, max, abs, floor, ceil, trunc and sign are the same integers on every engine.',
  mathRandom: 'Math.random differs on every node: draw from a RandomStream of the block (src/base/random.ts).',
  mathAlias: 'Math may only be used as `Math.name`: an alias, a destructuring or a computed name hides what is called.',
  parseFloat: 'parseFloat makes reals: read integers with Number.parseInt or BigInt and check them with assertInt.',
  floatStore: 'Float arrays and float views hold reals: use Int32Array, Uint32Array or BigInt64Array.',
};
type Id = keyof typeof MESSAGES;

export const numbers = defineRule<Id>('integers only in consensus code', MESSAGES, (report, context) => ({
  Literal(node) {
    if (typeof node.value === 'number' && !isExactInteger(node.value, node.raw ?? '')) report(node, 'floatLiteral');
  },
  BinaryExpression(node) {
    if (DIVIDING.has(node.operator)) report(node, 'division');
  },
  AssignmentExpression(node) {
    if (DIVIDING.has(node.operator)) report(node, 'division');
  },
  MemberExpression(node) {
    if (FLOAT_ACCESS.test(memberName(node) ?? '')) report(node, 'floatStore');
  },
  'Program:exit'() {
    for (const reference of globalReferences(context)) checkGlobal(reference, report);
  },
}));

/** A radix prefix has no fraction and its `e` is a digit. */
function isExactInteger(value: number, raw: string): boolean {
  if (!Number.isSafeInteger(value)) return false;
  return /^0[box]/i.test(raw) || !/\.|e-/i.test(raw);
}

function checkGlobal(reference: Scope.Reference, report: Report<Id>): void {
  const node = reference.identifier as Node;
  const { name } = reference.identifier;
  if (name === 'Math') checkMath(node, report);
  else if (name === 'Number') checkNumber(node, report);
  else if (name === 'parseFloat') report(node, 'parseFloat');
  else if (FLOAT_STORES.has(name)) report(node, 'floatStore');
  else if ((name === 'NaN' || name === 'Infinity') && !isTypeReference(reference)) report(node, 'floatLiteral');
}

function checkMath(node: Node, report: Report<Id>): void {
  const parent = parentOf(node);
  const direct = parent.type === 'MemberExpression' && parent.object === node && !parent.computed;
  const name = direct ? memberName(parent) : undefined;
  if (name === undefined) report(node, 'mathAlias');
  else if (name === 'random') report(parent, 'mathRandom');
  else if (!MATH_ALLOWED.has(name)) report(parent, 'mathMember');
}

function checkNumber(node: Node, report: Report<Id>): void {
  const name = memberName(parentOf(node)) ?? '';
  if (name === 'parseFloat') report(node.parent, 'parseFloat');
  else if (NUMBER_REALS.has(name)) report(node.parent, 'floatLiteral');
}
