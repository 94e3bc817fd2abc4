/** The HiGHS solver of linear, mixed-integer and convex quadratic programs: WebAssembly of 3.5 MB, loaded once when asked for. */
import type { Highs } from 'highs';

export type { Highs } from 'highs';

let loading: Promise<Highs> | undefined;

export function loadHighs(): Promise<Highs> {
  // The types describe the CommonJS build, whose loader is one `default` deeper than that of the ES module.
  loading ??= import('highs').then(({ default: load }) => (load as unknown as typeof load.default)());
  return loading;
}
