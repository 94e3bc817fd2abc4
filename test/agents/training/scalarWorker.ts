/** Trains on the scalar wasm binary, as an engine without SIMD would, and prints parameter digests. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { trainDigests } from './digests.ts';

tf.env().set('WASM_HAS_SIMD_SUPPORT', false);
process.stdout.write(JSON.stringify(await trainDigests()));
