/** Every named schema, to be registered under its `$id`. */
import * as chain from './chain.ts';
import { ErrorBody } from './common.ts';
import * as market from './market.ts';

export const NAMED_SCHEMAS = [ErrorBody, ...Object.values(chain), ...Object.values(market)];
