/** The suite of properties beside a model, `suite.json`: written by people, in physical units, read strictly. */
import { fail } from '../base/errors.ts';
import { isId } from '../base/record.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { guaranteesOf, type Guarantee, type Template } from './templates.ts';

export const SUITE_FORMAT = 'gridpact-suite/1';
const MAX_TEMPLATES = 200;

export interface Suite {
  readonly format: typeof SUITE_FORMAT;
  readonly properties: readonly Template[];
}

type Kind = 'text' | 'number' | 'boolean' | 'side' | 'where' | 'amounts';

/** Fields of each template; `?` marks what may be left out. */
const FIELDS: Readonly<Record<Template['template'], Readonly<Record<string, string>>>> = {
  range: { output: 'text', side: 'side', tolerance: 'number', where: 'where?' },
  limit: { output: 'text', atMost: 'number?', atLeast: 'number?', envelopes: 'boolean?', where: 'where?' },
  envelope: { output: 'text', atMost: 'number?', atLeast: 'number?', where: 'where?' },
  slope: {
    output: 'text',
    input: 'text',
    step: 'number',
    atMost: 'number?',
    atLeast: 'number?',
    envelopes: 'boolean?',
    where: 'where?',
  },
  ramp: { output: 'text', steps: 'amounts', atMost: 'number', envelopes: 'boolean?', where: 'where?' },
  stable: { output: 'text', point: 'amounts', noise: 'amounts', within: 'number' },
  fleet: {
    output: 'text',
    steps: 'amounts',
    atMost: 'number',
    count: 'number',
    envelopes: 'boolean?',
    where: 'where?',
  },
};

const TESTS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  side: (value) => value === 'max' || value === 'min',
  where: (value) => isRecord(value) && Object.values(value).every(isInterval),
  amounts: (value) => isRecord(value) && Object.values(value).every((amount) => Number.isFinite(amount)),
};

/** What JSON.parse gives, checked. @throws `verify.suite`, with the place. */
export function readSuite(json: unknown): Suite {
  const top = recordOf(json, 'suite');
  onlyKeys(top, 'suite', ['format', 'properties']);
  if (top['format'] !== SUITE_FORMAT)
    throw fail('verify.suite', { expected: { format: SUITE_FORMAT }, got: top['format'] });
  const list = top['properties'];
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_TEMPLATES) {
    throw fail('verify.suite', { expected: { at: 'properties', items: `1..${MAX_TEMPLATES}` }, got: typeof list });
  }
  const properties = list.map((item: unknown, i) => readTemplate(item, `properties[${i}]`));
  const seen = new Set<string>();
  for (const { id } of properties) {
    if (seen.has(id)) throw fail('verify.suite', { expected: { id: 'unique' }, got: id });
    seen.add(id);
  }
  return { format: SUITE_FORMAT, properties };
}

function readTemplate(value: unknown, at: string): Template {
  const item = recordOf(value, at);
  const kind = item['template'];
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) {
    throw fail('verify.suite', { expected: { at: `${at}.template`, oneOf: Object.keys(FIELDS) }, got: kind });
  }
  const fields = FIELDS[kind as Template['template']];
  onlyKeys(item, at, ['template', 'id', ...Object.keys(fields)]);
  // The longest suffix a template adds is `.without.least`.
  const { id } = item;
  if (!isId(id) || id.length > 18) {
    throw fail('verify.suite', { expected: { at: `${at}.id`, characters: '1..18 of [a-z0-9._/-]' }, got: id });
  }
  for (const [name, type] of Object.entries(fields)) {
    if (item[name] === undefined && type.endsWith('?')) continue;
    const expected = type.replace('?', '') as Kind;
    if (!TESTS[expected](item[name])) {
      throw fail('verify.suite', { expected: { at: `${at}.${name}`, kind: expected }, got: item[name] ?? 'nothing' });
    }
  }
  return item as unknown as Template;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown, at: string): Record<string, unknown> {
  if (!isRecord(value)) throw fail('verify.suite', { expected: { at, kind: 'object' }, got: typeof value });
  return value;
}

function isInterval(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((side) => side === null || Number.isFinite(side));
}

function onlyKeys(record: Record<string, unknown>, at: string, keys: readonly string[]): void {
  const unknown = Object.keys(record).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw fail('verify.suite', { expected: { at, keys }, got: unknown });
}

/** Every property of a suite for one policy. @throws `verify.suite` for names and values that do not fit it. */
export function suiteGuarantees(policy: LoadedPolicy, { properties }: Suite): readonly Guarantee[] {
  return properties.flatMap((template) => guaranteesOf(policy, template));
}
