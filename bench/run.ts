/**
 * `npm run bench -- NAME [--json] [--only TEXT] [--seconds S] [--seeds N] [--no-peers]`: the metrics of bench/README.md,
 * one line each. Peer and our own loop take turns in the same run, so that a busy machine slows both.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ENV_METRICS, type Metric } from './env.ts';
import { measureRate, type Bench, type Measurement } from './harness.ts';
import { peerRate, type PeerRate } from './peers.ts';
import { policyBench } from './policy.ts';
import { ppoBench } from './ppo.ts';

const BENCHES: Readonly<Record<string, Bench>> = { env: rates(ENV_METRICS), ppo: ppoBench, policy: policyBench };
const ROUNDS = 2;

interface Line extends Measurement {
  readonly bench: string;
  readonly ratio?: number;
  readonly cpu: string;
  readonly node: string;
}

/** A bench of one rate a metric. */
function rates(metrics: readonly Metric[]): Bench {
  return async function* ({ seconds, withPeers, only }) {
    for (const metric of metrics) if (metric.metric.includes(only)) yield* measure(metric, seconds, withPeers);
  };
}

function measure(metric: Metric, seconds: number, withPeers: boolean): Measurement[] {
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
  const { metric: name, unit, terms } = metric;
  const own = { metric: name, value, unit, terms, checksum: workload.checksum() };
  if (peers.size === 0) return [own];
  return [...peers].map(([peer, rate]) => ({ ...own, peer, peerValue: rate.value, peerNote: rate.note }));
}

function lineOf(bench: string, measurement: Measurement): Line {
  const { value, peerValue } = measurement;
  return {
    bench,
    ...measurement,
    ...(peerValue === undefined ? {} : { ratio: value / peerValue }),
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
  };
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
  seeds: { type: 'string', default: '3' },
  'no-peers': { type: 'boolean', default: false },
} as const;
const USAGE = `usage: npm run bench -- {${Object.keys(BENCHES).join(',')}} [--json] [--only TEXT] [--seconds S] [--seeds N] [--no-peers]\n`;

/** Undefined: the command line cannot be read, and that has been said. */
function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

async function main(): Promise<void> {
  const given = readArguments();
  if (given?.values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const name = given?.positionals[0] ?? '';
  const bench = BENCHES[name];
  const seeds = Number(given?.values.seeds);
  if (
    given === undefined ||
    bench === undefined ||
    given.positionals.length !== 1 ||
    !(Number(given.values.seconds) > 0) ||
    !(Number.isInteger(seeds) && seeds >= 0)
  ) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { values } = given;
  const { only } = values;
  let found = 0;
  for await (const one of bench({ seconds: Number(values.seconds), withPeers: !values['no-peers'], only, seeds })) {
    found++;
    const line = lineOf(name, one);
    process.stdout.write(`${values.json ? JSON.stringify(line) : show(line)}\n`);
  }
  if (found === 0) {
    process.stderr.write(`no metric of ${name} has ${JSON.stringify(only)} in its name; bench/README.md lists them\n`);
    process.exitCode = 2;
  }
}

await main();
