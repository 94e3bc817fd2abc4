/** What a policy orders over two of its inputs, the others held: the picture of `gridpact inspect --map`. */
import { fail } from '../base/errors.ts';
import { clamp } from '../base/fixed.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { createExecutor, type PolicyExecutor } from '../contracts/policy/execute.ts';
import { heatMapSvg, type HeatAxis } from '../env/render/heatMap.ts';
import type { InputSpec } from '../grid/interface.ts';
import { UNIT_SCALE, unitName } from '../grid/units.ts';
import { short } from './ui/format.ts';
import { physical } from './ui/physical.ts';

export interface ActionMapChoice {
  /** Names of inputs; those that move the output most where absent. */
  readonly across?: string | undefined;
  readonly up?: string | undefined;
  /** Name of an output; the first. */
  readonly output?: string | undefined;
  /** `name=number` in the physical unit; the middle of its range for an input not named. */
  readonly at?: readonly string[] | undefined;
}

export interface ActionMap {
  readonly svg: string;
  readonly across: string;
  readonly up: string;
  readonly output: string;
  /** Of the cells, before their colours; in the integers of the output. */
  readonly least: number;
  readonly greatest: number;
  /** Share of the cells where an envelope changes what the network asks for. */
  readonly boundShare: number;
}

const CELLS = 112;
const PROBES = 64;

/** @throws `cli.usage` for a name or a number that there is not. */
export function actionMap(policy: LoadedPolicy, choice: ActionMapChoice): ActionMap {
  const { inputs, outputs } = policy.interface;
  if (inputs.length < 2) throw fail('cli.usage', { expected: 'a policy of two inputs or more', got: inputs.length });
  const d = choice.output === undefined ? 0 : indexOf(outputs, choice.output, '--output');
  const held = heldAt(inputs, choice.at ?? []);
  const moved = byMovement(policy, held, d);
  const named = (name: string | undefined, flag: string): number | undefined =>
    name === undefined ? undefined : indexOf(inputs, name, flag);
  const upNamed = named(choice.up, '--up');
  const across = named(choice.across, '--across') ?? moved.find((i) => i !== upNamed)!;
  const up = upNamed ?? moved.find((i) => i !== across)!;
  if (across === up) throw fail('cli.usage', { expected: 'two inputs', got: inputs[up]!.n });
  return drawn(policy, held, across, up, d);
}

interface Named {
  readonly n: string;
}

function indexOf(list: readonly Named[], name: string, flag: string): number {
  const at = list.findIndex(({ n }) => n === name);
  if (at < 0) throw fail('cli.usage', { expected: `${flag}: ${list.map(({ n }) => n).join(', ')}`, got: name });
  return at;
}

function heldAt(inputs: readonly InputSpec[], given: readonly string[]): Int32Array {
  const raw = Int32Array.from(inputs, ({ lo, hi }) => lo + Math.floor((hi - lo) / 2));
  for (const text of given) {
    const [name = '', value = ''] = text.split('=');
    const i = indexOf(inputs, name, '--at');
    const { u, lo, hi } = inputs[i]!;
    const number = value.trim() === '' ? Number.NaN : Number(value);
    if (!Number.isFinite(number)) throw fail('cli.usage', { expected: `--at ${name}=number`, got: text });
    raw[i] = clamp(Math.floor(number * UNIT_SCALE[u] + 0.5), lo, hi);
  }
  return raw;
}

/** Inputs in the order of how far each alone moves the output from where the others are held. */
function byMovement(policy: LoadedPolicy, held: Int32Array, d: number): number[] {
  const executor = createExecutor(policy);
  const out = new Int32Array(policy.interface.outputs.length);
  const movement = policy.interface.inputs.map((input, i) => {
    const raw = held.slice();
    let [least, greatest] = [Infinity, -Infinity];
    for (let k = 0; k <= PROBES; k++) {
      raw[i] = along(input, k / PROBES);
      executor.runNetwork(raw, out);
      least = Math.min(least, out[d]!);
      greatest = Math.max(greatest, out[d]!);
    }
    return greatest - least;
  });
  return movement.map((_, i) => i).sort((a, b) => movement[b]! - movement[a]! || a - b);
}

function along({ lo, hi }: InputSpec, share: number): number {
  return lo + Math.floor((hi - lo) * share + 0.5);
}

interface Sampled {
  readonly values: Int32Array;
  readonly bound: Uint8Array;
}

function sample(executor: PolicyExecutor, held: Int32Array, across: number, up: number, d: number): Sampled {
  const { inputs, outputs } = executor.policy.interface;
  const raw = held.slice();
  const x = new Int32Array(inputs.length);
  const out = new Int32Array(outputs.length);
  const values = new Int32Array(CELLS * CELLS);
  const bound = new Uint8Array(CELLS * CELLS);
  for (let cell = 0; cell < values.length; cell++) {
    raw[across] = along(inputs[across]!, ((cell % CELLS) + 0.5) / CELLS);
    raw[up] = along(inputs[up]!, (Math.floor(cell / CELLS) + 0.5) / CELLS);
    executor.runNetwork(raw, out);
    values[cell] = out[d]!;
    executor.normalise(raw, x);
    executor.inferNetwork(x, out);
    bound[cell] = out[d] === values[cell] ? 0 : 1;
  }
  return { values, bound };
}

function drawn(policy: LoadedPolicy, held: Int32Array, across: number, up: number, d: number): ActionMap {
  const { inputs, outputs } = policy.interface;
  const { values, bound } = sample(createExecutor(policy), held, across, up, d);
  const output = outputs[d]!;
  const others = inputs.flatMap(({ n, u }, i) => (i === across || i === up ? [] : [`${n} ${physical(held[i]!, u)}`]));
  const binds = bound.some((each) => each === 1);
  const svg = heatMapSvg({
    title: `What ${short(policy.cid)} orders: ${output.n} over ${inputs[across]!.n} and ${inputs[up]!.n}`,
    notes: wrapped(others),
    across: axisOf(inputs[across]!),
    up: axisOf(inputs[up]!),
    values: Float64Array.from(values, (value) => value / countsOf(output)),
    columns: CELLS,
    rows: CELLS,
    value: axisOf(output),
    ...(binds ? { marked: { cells: bound, label: 'an envelope changes what the network asks for' } } : {}),
  });
  return {
    svg,
    across: inputs[across]!.n,
    up: inputs[up]!.n,
    output: output.n,
    least: Math.min(...values),
    greatest: Math.max(...values),
    boundShare: bound.reduce((sum, each) => sum + each, 0) / bound.length,
  };
}

type Quantity = Pick<InputSpec, 'n' | 'u' | 'lo' | 'hi'>;

const PREFIXED: ReadonlySet<string> = new Set(['W', 'var', 'Wh']);

/** Powers of ten that keep the numbers along an axis short. */
function prefixOf({ u, lo, hi }: Quantity): readonly [text: string, scale: number] {
  const reach = Math.max(Math.abs(lo), Math.abs(hi)) / UNIT_SCALE[u];
  if (!PREFIXED.has(unitName(u)) || reach < 10000) return ['', 1];
  return reach < 10000000 ? ['k', 1000] : ['M', 1000000];
}

function countsOf(quantity: Quantity): number {
  return UNIT_SCALE[quantity.u] * prefixOf(quantity)[1];
}

function axisOf(quantity: Quantity): HeatAxis {
  const unit = prefixOf(quantity)[0] + unitName(quantity.u);
  const counts = countsOf(quantity);
  return {
    label: unit === '' ? quantity.n : `${quantity.n}, ${unit}`,
    from: quantity.lo / counts,
    to: quantity.hi / counts,
  };
}

const NOTE_COLUMNS = 84;

function wrapped(others: readonly string[]): string[] {
  const lines: string[] = [];
  for (const each of others) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + each.length + 2 <= NOTE_COLUMNS)
      lines[lines.length - 1] = `${last}, ${each}`;
    else lines.push(each);
  }
  return lines.length === 0 ? [] : [`held: ${lines[0]!}`, ...lines.slice(1)];
}
