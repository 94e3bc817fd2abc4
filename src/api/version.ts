import { readFileSync } from 'node:fs';

/** Of the package, for health and the OpenAPI document. */
export function packageVersion(): string {
  // The same two levels up from src/api and from dist/api.
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as unknown;
  return (manifest as { version: string }).version;
}
