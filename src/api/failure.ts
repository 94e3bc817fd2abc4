/** From anything thrown to the error document and its status. Unknown errors are logged and told as `internal`. */
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { ERRORS, fail, isGridPactError, type ErrorCode, type GridPactError } from '../base/errors.ts';
import type { ErrorBody } from './schemas/common.ts';
import { httpStatusOf } from './status.ts';

export function sendFailure(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = knownError(thrown, request);
  if (error === undefined) {
    request.log.error({ err: thrown }, 'unexpected error');
    return reply.code(500).send(INTERNAL);
  }
  const status = httpStatusOf(error.code);
  if (status >= 500) request.log.error({ err: thrown }, error.code);
  return reply.code(status).send(errorBody(error));
}

/** `internal` is in no table because nothing throws it on purpose; the log of the node says what it was. */
const INTERNAL: ErrorBody = { error: { code: 'internal', message: 'An unexpected error; see the log of the node.' } };

function errorBody({ code, expected, got }: GridPactError): ErrorBody {
  return {
    error: {
      code,
      message: ERRORS[code],
      ...(expected === undefined ? {} : { expected: printable(expected) }),
      ...(got === undefined ? {} : { got: printable(got) }),
    },
  };
}

/** What JSON can hold; anything else as text. */
function printable(value: unknown): unknown {
  try {
    return JSON.stringify(value) === undefined ? String(value) : value;
  } catch {
    return String(value);
  }
}

function knownError(thrown: unknown, request: FastifyRequest): GridPactError | undefined {
  if (isGridPactError(thrown)) return thrown;
  const { statusCode, validation, validationContext, message } = thrown as Partial<FastifyError>;
  if (validation !== undefined) return invalid(request, validationContext ?? 'body', validation[0]);
  const code = CODE_OF_STATUS[statusCode ?? 500];
  return code === undefined ? undefined : fail(code, { got: message });
}

const MAX_SHOWN_LENGTH = 80;

/** What the schema wants at the first place that does not fit, and what was there. */
function invalid(
  request: FastifyRequest,
  part: string,
  first: FastifySchemaValidationError | undefined,
): GridPactError {
  const { instancePath = '', message = 'a valid request' } = first ?? {};
  let got: unknown = { body: request.body, params: request.params, querystring: request.query }[part];
  for (const key of instancePath.split('/').slice(1)) got = (got as Record<string, unknown> | undefined)?.[key];
  const shown = typeof got === 'string' ? got.slice(0, MAX_SHOWN_LENGTH) : instancePath === '' ? undefined : got;
  return fail('api.request', { expected: `${part}${instancePath.replaceAll('/', '.')} ${message}`, got: shown });
}

/** Errors of the HTTP layer itself. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'api.request',
  404: 'api.route',
  413: 'api.bodySize',
  414: 'api.request',
  415: 'api.mediaType',
  429: 'api.rate',
};
