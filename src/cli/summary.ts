/** What a simulation came to, for a person and as JSON: shared by `demo` and `simulate`. */
import { DAY_MS } from '../grid/interval.ts';
import type { SimulationResult } from './simulation.ts';
import type { Colours } from './ui/colour.ts';
import { count, fixed, money, mwh, percent, perUnit, short } from './ui/format.ts';
import type { Json } from './ui/output.ts';
import { plot } from './ui/plot.ts';
import { facts, table } from './ui/table.ts';
import { wrap } from './ui/wrap.ts';
import type { VoltageOutcome } from './voltageRun.ts';

const BAND_PU = [0.95, 1.05] as const;
const ROWS = [
  ['none', 'none'],
  ['droop', 'IEEE 1547-2018 droop'],
  ['policy', 'policy on the ledger'],
] as const;
/** Narrower than this the range of voltages is left out. */
const RANGE_COLUMNS = 80;

/** The whole summary, blank lines between its parts. */
export function summaryLines(result: SimulationResult, colours: Colours, width: number): string[] {
  return [
    ...voltageLines(result, colours, width),
    '',
    ...plotLines(result, colours, width),
    '',
    ...paymentLines(result),
    '',
    ...ledgerLines(result, colours),
  ];
}

function voltageLines({ voltage }: SimulationResult, colours: Colours, width: number): string[] {
  const rows = ROWS.map(([name, words]) => {
    const { outOfBandShare, controllableRatio, lossMwh, minVPu, maxVPu } = voltage[name];
    const inside = percent(1 - outOfBandShare);
    return [
      name === 'policy' ? colours.bold(words) : words,
      name === 'none' ? inside : paintInside(outOfBandShare, voltage.none.outOfBandShare, colours)(inside),
      percent(controllableRatio),
      mwh(lossMwh),
      `${fixed(minVPu, 4)} .. ${perUnit(maxVPu)}`,
    ];
  });
  const columns = [
    { title: 'control' },
    { title: 'inside', align: 'right' },
    { title: 'all inside', align: 'right' },
    { title: 'line losses', align: 'right' },
    { title: 'least .. greatest', align: 'right' },
  ] as const;
  const shown = columns.slice(0, width < RANGE_COLUMNS ? -1 : undefined);
  return [
    ...wrap(`share of bus voltages inside ${BAND_PU.join(' .. ')} pu, of intervals with all inside`, width),
    '',
    ...table(shown, rows),
    ...divergedLines(voltage),
  ];
}

/** Green where less is outside than without control, red where more is. */
function paintInside(share: number, without: number, { green, red }: Colours): (text: string) => string {
  if (share === without) return (text) => text;
  return share < without ? green : red;
}

function divergedLines(voltage: SimulationResult['voltage']): string[] {
  const diverged = ROWS.filter(([name]) => voltage[name].divergedSteps > 0);
  if (diverged.length === 0) return [];
  const counts = diverged.map(([name]) => `${name} ${count(voltage[name].divergedSteps)}`).join(', ');
  return [`intervals without a power-flow solution, every bus counted as outside: ${counts}`];
}

function plotLines({ trace, startMs, stepMs, intervals }: SimulationResult, colours: Colours, width: number): string[] {
  const { none, policy } = trace;
  const grey = { dash: 'dashed', paint: colours.yellow } as const;
  const solid = { dash: 'solid', paint: colours.cyan } as const;
  return plot({
    title: 'lowest and highest voltage of any bus, pu',
    series: [
      { label: 'without control', values: none.maxVPu, ...grey },
      { label: 'without control', values: none.minVPu, ...grey },
      { label: 'policy', values: policy.maxVPu, ...solid },
      { label: 'policy', values: policy.minVPu, ...solid },
    ],
    limits: BAND_PU.map((value) => ({ value, paint: colours.dim })),
    width,
    formatValue: (value) => value.toFixed(3),
    xLabels: [0, 0.25, 0.5, 0.75, 1].map((share) => clock(startMs + share * intervals * stepMs, intervals * stepMs)),
  });
}

/** UTC: the time of day, with the date where the plot spans more than a day. */
function clock(tMs: number, spanMs: number): string {
  const iso = new Date(tMs).toISOString();
  return spanMs > DAY_MS ? `${iso.slice(5, 10)} ${iso.slice(11, 13)}h` : iso.slice(11, 16);
}

function paymentLines({ payments }: SimulationResult): string[] {
  const total = payments.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
  const rows = [...payments.map(({ owner, amountMicro }) => [owner, money(amountMicro)]), ['all owners', money(total)]];
  return table([{ title: 'owner' }, { title: 'paid, net of penalties', align: 'right' }], rows);
}

function ledgerLines(result: SimulationResult, { green, red }: Colours): string[] {
  const { ledgerSum, stateRoot, height, receipts, fallbacks, proof, policyCid } = result;
  const mark = (good: boolean, text: string): string => (good ? green : red)(text);
  return facts([
    ['policy', short(policyCid)],
    ['blocks', `${count(height)}, receipts ${count(receipts)}, of which under fallback ${count(fallbacks)}`],
    ['ledger sum', mark(ledgerSum === 0, String(ledgerSum))],
    ['state root', stateRoot],
    ['payment proof', proofText(proof, mark)],
  ]);
}

function proofText(proof: SimulationResult['proof'], mark: (good: boolean, text: string) => string): string {
  if (proof === undefined) return 'none: nothing is settled yet';
  const { verified, owner, amountMicro, height, index, proofBytes } = proof;
  const verdict = mark(verified, verified ? 'verified' : 'FAILED');
  return `${verdict}: ${money(amountMicro)} to ${owner}, block ${height} receipt ${index}, ${proofBytes} bytes`;
}

/** The fields of --json that `demo` and `simulate` share; a document may hold more. */
export function summaryDocument(result: SimulationResult): { readonly [key: string]: Json } {
  const { chain, policyCid, energyCid, voltage, payments, proof, intervals, stepMs, startMs } = result;
  const { ledgerSum, stateRoot, height, receipts, fallbacks, divergedSteps } = result;
  return {
    chain,
    policy: { cid: policyCid },
    energy: { cid: energyCid },
    voltage: {
      none: outcomeDocument(voltage.none),
      droop: outcomeDocument(voltage.droop),
      policy: outcomeDocument(voltage.policy),
    },
    intervals,
    startMs,
    stepMs,
    payments: payments.map((payment) => ({ ...payment })),
    ledgerSum,
    stateRoot,
    height,
    receipts,
    fallbacks,
    divergedSteps,
    proof: proof === undefined ? { verified: false } : { ...proof },
  };
}

function outcomeDocument(outcome: VoltageOutcome): { readonly [key: string]: Json } {
  return { ...outcome };
}
