/** What is read of an ONNX graph and what is refused, file by file from a small protobuf writer. */
import { describe, expect, it } from 'vitest';
import { importOnnx, type OnnxNetwork } from '../../../../src/agents/freeze/onnx/importOnnx.ts';
import { isGridPactError } from '../../../../src/base/errors.ts';
import { data, floats, int, model, node, tensor, type GraphParts } from './writer.ts';

const W = tensor('w', [2, 2], { floatData: [1, 2, 3, 4] });
const B = tensor('b', [2], { raw: floats([5, 6]) });
const scalar = (name: string, value: number): Uint8Array => tensor(name, [], { raw: floats([value]) });
const shape = (name: string, values: readonly number[]): Uint8Array =>
  tensor(name, [values.length], { type: 7, int64Data: values });
const ends = (lo: number, hi: number): Uint8Array[] => [scalar('lo', lo), scalar('hi', hi)];

function load(parts: GraphParts, output?: string): OnnxNetwork {
  return importOnnx(model(parts), output === undefined ? {} : { output });
}

/** Code and message of a refusal. */
function refusal(parts: GraphParts | Uint8Array, output?: string): string {
  try {
    importOnnx(parts instanceof Uint8Array ? parts : model(parts), output === undefined ? {} : { output });
  } catch (error) {
    if (isGridPactError(error)) return error.message;
    throw error;
  }
  return 'accepted';
}

/** One layer as [weights, bias, activation]. */
const layersOf = ({ layers }: OnnxNetwork): unknown[] =>
  layers.map(({ weights, bias, activation }) => [[...weights], [...bias], activation]);

describe('what an ONNX graph may be made of', () => {
  const plain = [[[1, 3, 2, 4], [5, 6], 'identity']];

  it('Gemm: transB, alpha and beta, no bias', () => {
    expect(layersOf(load({ nodes: [node('Gemm x,w,b -> y')], tensors: [W, B] }))).toEqual(plain);
    expect(layersOf(load({ nodes: [node('Gemm x,w,b -> y', { transB: 1n })], tensors: [W, B] }))).toEqual([
      [[1, 2, 3, 4], [5, 6], 'identity'],
    ]);
    const scaled = load({ nodes: [node('Gemm x,w,b -> y', { alpha: 2, beta: 0.5 })], tensors: [W, B] });
    expect(layersOf(scaled)).toEqual([[[2, 6, 4, 8], [2.5, 3], 'identity']]);
    expect(scaled.notes).toHaveLength(2);
    expect(layersOf(load({ nodes: [node('Gemm x,w -> y')], tensors: [W] }))).toEqual([
      [[1, 3, 2, 4], [0, 0], 'identity'],
    ]);
  });

  it('MatMul and Add, whichever way round; a bias of one number, of one row', () => {
    const nodes = (add: string): Uint8Array[] => [node('MatMul x,w -> z'), node(add)];
    expect(layersOf(load({ nodes: nodes('Add z,b -> y'), tensors: [W, B] }))).toEqual(plain);
    expect(layersOf(load({ nodes: nodes('Add b,z -> y'), tensors: [W, B] }))).toEqual(plain);
    expect(load({ nodes: nodes('Add z,b -> y'), tensors: [W, scalar('b', 7)] }).layers[0]!.bias).toEqual(
      Float32Array.of(7, 7),
    );
    const row = tensor('b', [1, 2], { raw: floats([5, 6]) });
    expect(layersOf(load({ nodes: nodes('Add z,b -> y'), tensors: [W, row] }))).toEqual(plain);
  });

  it('what does nothing: Identity, Cast, Flatten, Reshape, a clip without bounds or of what is inside them', () => {
    const nodes = [
      node('Identity x -> a'),
      node('Cast a -> b1', { to: 1n }),
      node('Flatten b1 -> c', { axis: 1n }),
      node('Reshape c,s -> d'),
      node('Gemm d,w,b -> e'),
      node('Tanh e -> f'),
      node('Clip f,lo,hi -> g'),
      node('Clip g -> y'),
    ];
    const tensors = [W, B, shape('s', [-1, 2]), ...ends(-1, 1)];
    expect(layersOf(load({ nodes, tensors }))).toEqual([[[1, 3, 2, 4], [5, 6], 'tanh']]);
  });

  it('constants from nodes: Constant, Identity, Cast, Transpose of one', () => {
    const nodes = [
      node('Constant -> k', { value: tensor('', [2, 2], { floatData: [1, 2, 3, 4] }) }),
      node('Transpose k -> kt', { perm: [1, 0] }),
      node('Identity kt -> i'),
      node('Cast i -> wt', { to: 1n }),
      node('Constant -> five', { value_float: 5 }),
      node('MatMul x,wt -> z'),
      node('Add z,five -> y'),
    ];
    expect(layersOf(load({ nodes }))).toEqual([[[1, 2, 3, 4], [5, 5], 'identity']]);
  });

  it('Clip to 0 and infinity is relu; to +-2^k folds; in front of operator set 11 bounds are attributes', () => {
    const nodes = [
      node('Gemm x,w,b -> p'),
      node('Clip p,zero -> q'),
      node('Gemm q,w,b -> r'),
      node('Clip r,lo,hi -> s'),
      node('Gemm s,w,b -> y'),
    ];
    const folded = load({ nodes, tensors: [W, B, scalar('zero', 0), ...ends(-0.5, 0.5)] });
    expect(layersOf(folded)).toEqual([
      [[1, 3, 2, 4], [5, 6], 'relu'],
      [[2, 6, 4, 8], [10, 12], 'hardtanh'],
      [[0.5, 1.5, 1, 2], [5, 6], 'identity'],
    ]);
    expect(folded.notes).toEqual(['Clip the Clip: bound 0.5 folded into the weights on both sides, exactly']);
    const old = [node('Gemm x,w,b -> z'), node('Clip z -> y', { min: -1, max: 1 })];
    expect(load({ nodes: old, tensors: [W, B], opset: 10 }).layers[0]!.activation).toBe('hardtanh');
  });

  it('branches that do not reach the output are not looked at, whatever they hold', () => {
    const nodes = [node('Gemm x,w,b -> y'), node('Softmax y -> v'), node('Strange v -> u', {}, 'com.example')];
    const broken = tensor('nan', [1], { raw: floats([Number.NaN]) });
    const parts = { nodes, tensors: [W, B, broken], outputs: { y: undefined, u: undefined } };
    expect(load(parts, 'y').notes).toEqual(['u: not used']);
    expect(refusal(parts, 'u')).toMatch(/^onnx\.operator.*"Strange the Strange".*com\.example/);
    expect(refusal(parts)).toMatch(/^onnx\.graph.*\["y","u"\]/);
    expect(refusal(parts, 'z')).toMatch(/^onnx\.graph.*z/);
  });
});

describe('what is refused, and by which name', () => {
  const dense = [node('Gemm x,w,b -> z')];
  const after = (...nodes: Uint8Array[]): GraphParts => ({
    nodes: [...dense, ...nodes],
    tensors: [W, B, ...ends(-1, 2)],
  });
  const cases: readonly (readonly [string, GraphParts | Uint8Array, RegExp])[] = [
    ['an operator', after(node('Sigmoid z -> y')), /^onnx\.operator.*Sigmoid the Sigmoid.*got Sigmoid/],
    [
      'normalisation before the network',
      { nodes: [node('Sub x,b -> y')], tensors: [B] },
      /^onnx\.operator.*Sub the Sub/,
    ],
    ['a domain', after(node('Gelu z -> y', {}, 'com.microsoft')), /^onnx\.operator.*com\.microsoft/],
    [
      'an attribute',
      { nodes: [node('Gemm x,w,b -> y', { broadcast: 1n })], tensors: [W, B] },
      /^onnx\.operator.*broadcast/,
    ],
    ['transA', { nodes: [node('Gemm x,w,b -> y', { transA: 1n })], tensors: [W, B] }, /^onnx\.operator.*transA/],
    ['an asymmetric clip', after(node('Clip z,lo,hi -> y')), /^onnx\.operator.*Clip to -1\.\.2/],
    ['a clip whose ends are crossed', after(node('Clip z,hi,lo -> y')), /^onnx\.operator.*Clip to 2\.\.-1/],
    [
      'a head clipped at 2',
      { nodes: [...dense, node('Clip z,lo,hi -> y')], tensors: [W, B, ...ends(-2, 2)] },
      /^onnx\.operator.*Clip at \+-2/,
    ],
    [
      'a clip at 3',
      { nodes: [...dense, node('Clip z,lo,hi -> q'), node('Gemm q,w,b -> y')], tensors: [W, B, ...ends(-3, 3)] },
      /^onnx\.operator.*-3\.\.3/,
    ],
    [
      'a clip that float32 cannot fold',
      {
        nodes: [...dense, node('Clip z,lo,hi -> q'), node('Gemm q,w,b -> y')],
        tensors: [tensor('w', [2, 2], { floatData: [1e-45, 1, 1, 1] }), B, ...ends(-2, 2)],
      },
      /^onnx\.operator.*cannot take in/,
    ],
    ['relu at the head', after(node('Relu z -> y')), /^onnx\.operator.*got Relu/],
    ['relu after tanh', after(node('Tanh z -> q'), node('Relu q -> y')), /^onnx\.operator.*relu after tanh/],
    [
      'tanh before any layer',
      { nodes: [node('Tanh x -> q'), node('Gemm q,w,b -> y')], tensors: [W, B] },
      /^onnx\.operator.*before any layer/,
    ],
    ['two layers without activation', after(node('Gemm z,w,b -> y')), /^onnx\.operator.*no activation between/],
    ['two biases', after(node('Add z,b -> y')), /^onnx\.operator.*has a bias/],
    [
      'weights on the left',
      { nodes: [node('MatMul w,x -> y')], tensors: [W] },
      /^onnx\.operator.*computed value as input 1/,
    ],
    ['an old operator set', { nodes: [node('Gemm x,w,b -> y')], tensors: [W, B], opset: 6 }, /^onnx\.operator.*got 6/],
    ['a cast to integers', after(node('Cast z -> y', { to: 7n })), /^onnx\.operator.*data type 7/],
    ['a residual connection', after(node('Add z,x -> y')), /^onnx\.graph.*one computed input.*\["z","x"\]/],
    ['a cycle', { nodes: [node('Tanh a -> c'), node('Tanh c -> a'), node('Tanh a -> y')] }, /^onnx\.graph.*cycle/],
    [
      'a cycle of constants',
      { nodes: [node('MatMul x,a -> y'), node('Identity a -> c'), node('Identity c -> a')] },
      /^onnx\.graph.*cycle/,
    ],
    ['a name that nothing gives', { nodes: [node('Tanh q -> y')] }, /^onnx\.graph.*got q/],
    [
      'no path to an input',
      { nodes: [node('Identity k -> y')], tensors: [tensor('k', [1], { floatData: [1] })] },
      /^onnx\.graph/,
    ],
    ['a name given twice', { nodes: [node('Tanh x -> y'), node('Relu x -> y')] }, /^onnx\.graph.*one value a name/],
    ['no output', { nodes: dense, outputs: {} }, /^onnx\.graph/],
    ['an output that is an input', { nodes: [], outputs: { x: undefined } }, /^onnx\.shape.*at least one dense layer/],
    [
      'an input without batch axis',
      { nodes: [node('Gemm x,w,b -> y')], tensors: [W, B], inputs: { x: [2] } },
      /^onnx\.shape.*batch axis/,
    ],
    [
      'an input of another size',
      { nodes: [node('Gemm x,w,b -> y')], tensors: [W, B], inputs: { x: [-1, 3] } },
      /^onnx\.shape.*"inputs":3.*got 2/,
    ],
    [
      'a declared output of another size',
      { nodes: [node('Gemm x,w,b -> y')], tensors: [W, B], outputs: { y: [-1, 3] } },
      /^onnx\.shape/,
    ],
    [
      'a bias of another size',
      { nodes: [node('Gemm x,w,b -> y')], tensors: [W, tensor('b', [3], { floatData: [1, 2, 3] })] },
      /^onnx\.shape.*bias/,
    ],
    ['a layer that does not fit the one before', after(node('Tanh z -> q'), node('MatMul q,v -> y')), /^onnx\.graph/],
    ['weights of rank 1', { nodes: [node('MatMul x,b -> y')], tensors: [B] }, /^onnx\.shape.*a matrix/],
    [
      'a tensor input that is not flattened',
      { nodes: [node('MatMul x,w -> y')], tensors: [W], inputs: { x: [-1, 4, 2] } },
      /^onnx\.shape.*rank/,
    ],
    [
      'a reshape to another shape',
      { nodes: [node('Reshape x,s -> q'), node('Gemm q,w,b -> y')], tensors: [W, B, shape('s', [2, -1])] },
      /^onnx\.shape.*\[2,-1\]/,
    ],
    [
      'NaN',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 1], { floatData: [1, Number.NaN] })] },
      /^onnx\.tensor.*"n".*NaN/,
    ],
    [
      'infinity',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 1], { floatData: [1, -Infinity] })] },
      /^onnx\.tensor.*-Infinity/,
    ],
    [
      'float16',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 1], { type: 10, raw: new Uint8Array(4) })] },
      /^onnx\.tensor.*float16/,
    ],
    [
      'int8 weights',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 1], { type: 3, raw: new Uint8Array(2) })] },
      /^onnx\.tensor.*int8/,
    ],
    [
      'external data',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 1], { extra: int(14, 1) })] },
      /^onnx\.tensor.*external data/,
    ],
    [
      'external data by its entries',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 1], { extra: data(13, data(1, 'location')) })] },
      /^onnx\.tensor.*external data/,
    ],
    [
      'fewer values than the shape says',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 2], { floatData: [1] })] },
      /^onnx\.tensor.*16 bytes/,
    ],
    [
      'a negative dimension',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [-2, 2], { floatData: [1] })] },
      /^onnx\.tensor/,
    ],
    [
      'a huge dimension',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 2n ** 52n], { floatData: [1] })] },
      /^onnx\.limits/,
    ],
    [
      'a dimension beyond 2^53',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', [2, 2n ** 60n], {})] },
      /^onnx\.malformed/,
    ],
    [
      'too many dimensions',
      { nodes: [node('MatMul x,n -> y')], tensors: [tensor('n', Array<number>(9).fill(1), {})] },
      /^onnx\.limits/,
    ],
    ['no graph', int(1, 8), /^onnx\.malformed.*no graph/],
    ['nothing', new Uint8Array(0), /^onnx\.malformed/],
    ['text', new TextEncoder().encode('a text that is no ONNX file at all'), /^onnx\.malformed/],
    ['a length beyond the end', data(7, new Uint8Array(4), 2n ** 40n), /^onnx\.malformed/],
    ['a varint of eleven bytes', new Uint8Array(11).fill(255), /^onnx\.malformed/],
    ['a group', Uint8Array.of(0x0b), /^onnx\.malformed.*wire type/],
    ['9 MiB', new Uint8Array(9 * 1024 * 1024), /^onnx\.limits.*8388608/],
  ];

  it.each(cases)('%s', (_name, parts, message) => {
    expect(refusal(parts)).toMatch(message);
  });

  it('five layers, 65 inputs, 257 units, 17 outputs', () => {
    const weights = (name: string, rows: number, columns: number): Uint8Array =>
      tensor(name, [rows, columns], { raw: new Uint8Array(4 * rows * columns) });
    const chain = (sizes: readonly number[]): string => {
      const last = sizes.length - 2;
      const nodes = sizes
        .slice(1)
        .flatMap((_, l) => [
          node(`MatMul ${l === 0 ? 'x' : `a${l - 1}`},w${l} -> z${l}`),
          node(`Tanh z${l} -> ${l === last ? 'y' : `a${l}`}`),
        ]);
      const tensors = sizes.slice(1).map((size, l) => weights(`w${l}`, sizes[l]!, size));
      return refusal({ nodes, tensors, inputs: { x: [-1, sizes[0]!] } });
    };
    expect(chain([2, 2, 2, 2, 2])).toBe('accepted');
    expect(chain([2, 2, 2, 2, 2, 2])).toMatch(/^onnx\.limits.*layers/);
    expect(chain([65, 2])).toMatch(/^onnx\.limits.*inputs/);
    expect(chain([2, 257, 1])).toMatch(/^onnx\.limits.*width/);
    expect(chain([2, 17])).toMatch(/^onnx\.limits.*outputs/);
    expect(chain([64, 256, 200, 1])).toMatch(/^onnx\.limits.*weights/);
    expect(chain([64, 256, 192, 1])).toMatch(/^onnx\.limits.*weights/);
    expect(chain([64, 192, 256, 16])).toBe('accepted');
  });
});
