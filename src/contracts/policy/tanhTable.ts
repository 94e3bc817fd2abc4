/**
 * The tanh table of the policy format (docs/spec/policy.md 3.4): T[i] = round(32767 * tanh(i/64)), i = 0..512.
 * It is data, not computed here, because host tanh differs between engines; a test derives it again in
 * exact integers. The digest is checked when the module loads.
 */
import { fromHex, toHex } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';

const TANH_TABLE_SIZE = 513;
export const TANH_TABLE_SHA256 = '013821c2375b135ddce3cec0b69136e49569611eca412c795d3386d13cd1a738';

/** 513 i16, little-endian. */
const TANH_TABLE_HEX = [
  '000000020004ff05fd07fb09f70bf20deb0fe211d713c915b917a619901b761d591f39211423ec24bf268e28582a1e2cde2d9a2f5131',
  '0233ae345436f5379139263bb63c403ec43f4241b9422b449745fd465c48b549084b554c9c4ddd4e17504c517a52a353c554e255f856',
  '09581459195a185b125c075df55ddf5ec35fa2607b6150621f63ea63af6470652c66e36696674568ef689569366ad46a6d6b026c946c',
  '216dab6d326eb46e346fb06f28709d700f717e71ea715372b9721d737d73db7336748f74e57439758a75d97526767176b97600774477',
  '8777c777067843787e78b778ef7825795a798d79be79ef791d7a4a7a767aa17acb7af37a1a7b407b647b887baa7bcc7bed7b0c7c2b7c',
  '497c657c817c9c7cb77cd07ce97c017d187d2f7d457d5a7d6f7d837d967da97dbb7dcd7dde7def7dff7d0e7e1e7e2c7e3b7e487e567e',
  '637e6f7e7c7e877e937e9e7ea97eb37ebe7ec77ed17eda7ee37eec7ef47efc7e047f0c7f137f1b7f227f297f2f7f357f3c7f427f477f',
  '4d7f537f587f5d7f627f677f6b7f707f747f797f7d7f817f857f887f8c7f907f937f967f9a7f9d7fa07fa37fa57fa87fab7fad7fb07f',
  'b27fb57fb77fb97fbb7fbd7fbf7fc17fc37fc57fc77fc97fca7fcc7fcd7fcf7fd07fd27fd37fd57fd67fd77fd87fda7fdb7fdc7fdd7f',
  'de7fdf7fe07fe17fe27fe37fe47fe47fe57fe67fe77fe87fe87fe97fea7fea7feb7fec7fec7fed7fed7fee7fee7fef7fef7ff07ff07f',
  'f17ff17ff27ff27ff27ff37ff37ff47ff47ff47ff57ff57ff57ff67ff67ff67ff67ff77ff77ff77ff77ff87ff87ff87ff87ff97ff97f',
  'f97ff97ff97ff97ffa7ffa7ffa7ffa7ffa7ffa7ffb7ffb7ffb7ffb7ffb7ffb7ffb7ffb7ffc7ffc7ffc7ffc7ffc7ffc7ffc7ffc7ffc7f',
  'fc7ffc7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffd7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7f',
  'fe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7ffe7f',
  'ff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7f',
  'ff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7f',
  'ff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7f',
  'ff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7f',
  'ff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7f',
].join('');

/** @throws `policy.selfTest` when the bytes are not the table of the specification. */
export function decodeTanhTable(bytes: Uint8Array): Int16Array {
  const digest = toHex(sha256(bytes));
  if (digest !== TANH_TABLE_SHA256) throw fail('policy.selfTest', { expected: TANH_TABLE_SHA256, got: digest });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = new Int16Array(TANH_TABLE_SIZE);
  for (let i = 0; i < TANH_TABLE_SIZE; i++) table[i] = view.getInt16(2 * i, true);
  return table;
}

export const TANH_TABLE: Int16Array = decodeTanhTable(fromHex(TANH_TABLE_HEX));
