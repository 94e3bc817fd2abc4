/** Shapes that every route shares. Named schemas become components of the OpenAPI document. */
import { Type, type Static, type TSchema } from 'typebox';
import { SAFE_MAX } from '../../base/fixed.ts';

/** A schema registered under its `$id`, used by reference and still typed. */
export function ref<T extends TSchema>(schema: T) {
  const { $id } = schema as { readonly $id?: string };
  if ($id === undefined) throw new TypeError('only a named schema can be referred to');
  return Type.Unsafe<Static<T>>({ $ref: `${$id}#` });
}

export function list<T extends TSchema>(items: T, options: Readonly<Record<string, unknown>> = {}) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(items, options));
}

export function oneOf<const T extends readonly string[]>(values: T) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: values });
}

export function orNull<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** Names to integers, such as the terms of a formula. */
export const Quantities = Type.Unsafe<Readonly<Record<string, number>>>({
  type: 'object',
  additionalProperties: { type: 'integer' },
});

/** A non-negative safe integer. */
export const Count = Type.Integer({ minimum: 0, maximum: SAFE_MAX });
export const Micro = Type.Integer({ description: 'micro-units of the currency (10^-6)' });
export const TimeMs = Type.Integer({ description: 'UTC milliseconds since the epoch' });
export const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, lower-case hex' });
export const Hex = Type.String({ pattern: '^([0-9a-f]{2})*$', description: 'bytes, lower-case hex' });
export const PublicKey = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Ed25519 public key, lower-case hex' });
/** Checked by the ledger, which says what is wrong with one; here only bounded. */
export const Cid = Type.String({ minLength: 1, maxLength: 128, description: 'CIDv1, dag-cbor, sha2-256, base32' });
export const Id = Type.String({ pattern: '^[a-z0-9._/-]{1,32}$', description: 'name of an account or asset' });
export const Height = Type.Integer({ minimum: 1, maximum: SAFE_MAX, description: 'block height, from 1' });
export const ReceiptIndex = Type.Integer({
  minimum: 0,
  maximum: 4294967295,
  description: 'place among the receipts of a block',
});
export const SignedHeaderHex = Type.String({
  pattern: '^([0-9a-f]{2})*$',
  description: 'signed header of the block, fixed layout, lower-case hex',
});

export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'stable; docs/reference/errors.md lists all' }),
      message: Type.String({ description: 'for people; may improve' }),
      expected: Type.Optional(Type.Unknown()),
      got: Type.Optional(Type.Unknown()),
    }),
  },
  { $id: 'Error', description: 'what went wrong: a stable code, what was expected, what was got' },
);
export type ErrorBody = Static<typeof ErrorBody>;

/** Responses of a route: one on success, the error document for everything else. */
export function answers<const T extends TSchema, const STATUS extends number = 200>(
  schema: T,
  status: STATUS = 200 as STATUS,
) {
  const error = ref(ErrorBody);
  return { [status]: schema, '4xx': error, '5xx': error } as Record<STATUS, T> & {
    readonly '4xx': typeof error;
    readonly '5xx': typeof error;
  };
}
