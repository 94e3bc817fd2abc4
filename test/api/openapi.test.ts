import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/base/errors.ts';
import { httpStatusOf, STATUS_OF_CODE, STATUS_OF_LAST_PART, STATUS_OF_ROOM } from '../../src/api/status.ts';
import { TestChain } from '../support/chain.ts';
import { REPO_ROOT } from '../support/repo.ts';
import { serve, type Served } from './served.ts';

interface Media {
  readonly schema: object;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Record<string, Media> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let served: Served;
let document: Document;
let operations: readonly (readonly [path: string, operation: Operation])[];

beforeAll(async () => {
  served = await serve(await TestChain.bare());
  document = served.api.swagger() as unknown as Document;
  operations = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.values(methods).map((operation) => [url, operation] as const),
  );
});
afterAll(() => served.close());

describe('OpenAPI 3.1', () => {
  it('every operation has a name of its own, a summary, a known tag, and schemas of success and failure', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(operations.length).toBeGreaterThanOrEqual(20);
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
    for (const [url, { summary, tags, responses }] of operations) {
      expect(summary, url).toBeTruthy();
      expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining([...tags]));
      expect(Object.keys(responses)).toEqual([expect.stringMatching(/^20[02]$/), '4XX', '5XX']);
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description, `${url} ${status}`).not.toBe('Default Response');
        for (const { schema } of Object.values(content)) expect(schema, `${url} ${status}`).toBeTypeOf('object');
      }
    }
  });

  it('every placeholder of a path is a parameter, and nothing else is', () => {
    for (const [url, { parameters = [] }] of operations) {
      const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect([...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(named);
    }
  });

  it('every schema is one by JSON Schema 2020-12, and every reference leads somewhere', () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'document', components: document.components });
    // References are to the document, so each schema is read as part of it.
    const compile = (schema: object) =>
      ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object);
    for (const [, { parameters = [], requestBody, responses }] of operations) {
      const media = [requestBody?.content ?? {}, ...Object.values(responses).map(({ content }) => content)];
      const schemas = [...parameters, ...media.flatMap((content) => Object.values(content))].map(
        ({ schema }) => schema,
      );
      for (const schema of schemas) expect(() => compile(schema), JSON.stringify(schema)).not.toThrow();
    }
  });

  it('answers fit the schemas of the document', async () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'document', ...document });
    for (const [url, name] of [
      ['/v1/health', 'Health'],
      ['/v1/genesis', 'Genesis'],
      ['/v1/blocks', 'BlockPage'],
      ['/v1/receipts', 'ReceiptPage'],
      ['/v1/balances', 'Balances'],
      ['/v1/blocks/9', 'Error'],
    ] as const) {
      const fits = ajv.compile({ $ref: `document#/components/schemas/${name}` });
      expect([url, fits((await served.api.inject(url)).json()), fits.errors]).toEqual([url, true, null]);
    }
  });

  it('docs/reference/openapi.json is what the server says (vitest -u brings it up to date)', async () => {
    const text = await format(JSON.stringify(document), { parser: 'json', printWidth: 120 });
    await expect(text).toMatchFileSnapshot(path.join(REPO_ROOT, 'docs/reference/openapi.json'));
  });
});

describe('HTTP status of a code', () => {
  it('is a client error unless the fault is of the node', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      expect([400, 401, 403, 404, 409, 413, 415, 422, 429, 500]).toContain(httpStatusOf(code));
    }
    expect(httpStatusOf('tx.nonce')).toBe(409);
    expect(httpStatusOf('deployment.unknown')).toBe(404);
    expect(httpStatusOf('block.unknown')).toBe(404);
    expect(httpStatusOf('policy.overflow')).toBe(422);
    expect(httpStatusOf('store.damaged')).toBe(500);
  });

  it('stands in docs/reference/api.md, code by code', () => {
    const text = readFileSync(path.join(REPO_ROOT, 'docs/reference/api.md'), 'utf8');
    const rows = new Map(
      [...text.matchAll(/^\| (\d{3}) +\| (.*) \|$/gm)].map(([, status, row]) => [Number(status), row!]),
    );
    const named = [
      ...Object.entries(STATUS_OF_CODE),
      ...Object.entries(STATUS_OF_LAST_PART).map(([part, status]) => [`*.${part}`, status] as const),
      ...Object.entries(STATUS_OF_ROOM).map(([room, status]) => [`${room}.*`, status] as const),
    ];
    for (const [name, status] of named) expect(rows.get(status), `${name} is ${status}`).toContain(`\`${name}\``);
    const told = [...rows.values()].flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(told.sort()).toEqual(named.map(([name]) => name).sort());
  });

  it('names every route', () => {
    const text = readFileSync(path.join(REPO_ROOT, 'docs/reference/api.md'), 'utf8');
    for (const [url] of operations) expect(text).toContain(url);
  });
});
