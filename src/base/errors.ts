/**
 * The one table of error codes. A code is stable: scripts and other nodes match on it.
 * docs/reference/errors.md is generated from this table and checked against it.
 */
export const ERRORS = {
  'base.hex': 'A byte string in hex is malformed: lower-case digits, even length.',
  'base.integer': 'A number that must be a safe integer inside given bounds is not.',
  'base.unit': 'A quantity with a unit could not be read, or its unit is of the wrong dimension.',
  'cbor.bounds': 'A document exceeds the byte, nesting or item bounds, or holds a forbidden item (float, tag, null, boolean).',
  'cbor.canonical': 'A document decodes, but its bytes are not the one canonical encoding of its content.',
  'cbor.malformed': 'A document is not DAG-CBOR.',
  'cid.malformed': 'A CID is not CIDv1 / dag-cbor / sha2-256 in lower-case base32.',
  'record.malformed': 'A fixed-layout record has the wrong length or a field outside its bounds.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  readonly expected?: unknown;
  readonly got?: unknown;
  readonly cause?: unknown;
}

/** An error a user can act on: a stable code, what was expected, what was got. */
export class GridPactError extends Error {
  readonly code: ErrorCode;
  readonly expected: unknown;
  readonly got: unknown;

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(describe(code, detail), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'GridPactError';
    this.code = code;
    this.expected = detail.expected;
    this.got = detail.got;
  }
}

/** `throw fail(code, { expected, got })`. */
export function fail(code: ErrorCode, detail: ErrorDetail = {}): GridPactError {
  return new GridPactError(code, detail);
}

export function isGridPactError(error: unknown, code?: ErrorCode): error is GridPactError {
  return error instanceof GridPactError && (code === undefined || error.code === code);
}

function describe(code: ErrorCode, { expected, got }: ErrorDetail): string {
  const parts = [`${code}: ${ERRORS[code]}`];
  if (expected !== undefined) parts.push(`expected ${show(expected)}`);
  if (got !== undefined) parts.push(`got ${show(got)}`);
  return parts.join(' | ');
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v));
  return text ?? String(value);
}
