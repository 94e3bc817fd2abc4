/**
 * ESLint plugin for consensus code (rule 2 of the design: integers only, nothing from outside committed
 * state, one order of iteration). There is no inline escape: consensus rooms are linted with inline
 * configuration off, and every exemption is an `allow` entry in eslint.config.js that a review can see.
 */
import type { ESLint } from 'eslint';
import { ambient } from './ambient.ts';
import { numbers } from './numbers.ts';
import { order } from './order.ts';

export const consensus: ESLint.Plugin = {
  meta: { name: 'gridpact-consensus' },
  rules: { ambient, numbers, order },
};
