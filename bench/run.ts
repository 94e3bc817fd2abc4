/**
 * `npm run bench -- NAME [--json] [--only TEXT] [--seconds S] [--no-peers]`: the metrics of bench/README.md, one line
 * each. Peer and our own loop take turns in the same run, so that a busy machine slows both.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ENV_METRICS, type Metric } from './env.ts';
import { measureRate } from './harness.ts';
import { peerRate, type PeerRate } from './peers.ts';

const BENCHES: Readonly<Record<string, readonly Metric[]>> = { env: ENV_METRICS };
const ROUNDS = 2;

interface Line {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly terms: string;
  readonly checksum: number;
  readonly peer?: string;
  readonly peerValue?: number;
  readonly peerNote?: string;
  readonly ratio?: number;
  readonly cpu: string;
  readonly node: string;
}

function measure(bench: string, metric: Metric, seconds: number, withPeers: boolean): Line[] {
  const workload = metric.create();
  const peers = new Map<string, PeerRate>();
  let value = 0;
  for (let round = 0; round < ROUNDS; round++) {
    value = Math.max(value, measureRate(workload, seconds / ROUNDS).best);
    if (!withPeers) continue;
    for (const name of metric.peers) {
      const rate = peerRate(name, seconds / ROUNDS);
      if (rate !== undefined && rate.value > (peers.get(name)?.value ?? 0)) peers.set(name, rate);
    }
  }
  const own = {
    bench,
    metric: metric.metric,
    value,
    unit: metric.unit,
    terms: metric.terms,
    checksum: workload.checksum(),
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
  };
  if (peers.size === 0) return [own];
  return [...peers].map(([peer, rate]) => ({
    ...own,
    peer,
    peerValue: rate.value,
    peerNote: rate.note,
    ratio: value / rate.value,
  }));
}

function show(line: Line): string {
  const own = `${line.metric.padEnd(44)} ${grouped(line.value).padStart(12)} ${line.unit}`;
  const sum = `checksum ${line.checksum.toPrecision(8)}`;
  if (line.peer === undefined) return `${own}  ${sum}`;
  return `${own}  ${line.ratio!.toPrecision(3)} x ${line.peer} (${grouped(line.peerValue!)})  ${sum}`;
}

function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ');
}

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  json: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  seconds: { type: 'string', default: '6' },
  'no-peers': { type: 'boolean', default: false },
} as const;
const USAGE = `usage: npm run bench -- {${Object.keys(BENCHES).join(',')}} [--json] [--only TEXT] [--seconds S] [--no-peers]\n`;

/** Undefined: the command line cannot be read, and that has been said. */
function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

function main(): void {
  const given = readArguments();
  if (given?.values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const name = given?.positionals[0] ?? '';
  const metrics = BENCHES[name];
  if (
    given === undefined ||
    metrics === undefined ||
    given.positionals.length !== 1 ||
    !(Number(given.values.seconds) > 0)
  ) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { values } = given;
  const chosen = metrics.filter(({ metric }) => metric.includes(values.only));
  if (chosen.length === 0) {
    const names = metrics.map(({ metric }) => `\n  ${metric}`).join('');
    process.stderr.write(`no metric of ${name} has ${JSON.stringify(values.only)} in its name:${names}\n`);
    process.exitCode = 2;
    return;
  }
  for (const metric of chosen) {
    for (const line of measure(name, metric, Number(values.seconds), !values['no-peers'])) {
      process.stdout.write(`${values.json ? JSON.stringify(line) : show(line)}\n`);
    }
  }
}

main();
