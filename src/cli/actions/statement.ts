import { fail } from '../../base/errors.ts';
import { parseTimeMs } from '../../env/series/csv.ts';
import { LedgerApplication } from '../../ledger/application.ts';
import { accountView } from '../../ledger/query.ts';
import { readStatement, type StatementLine } from '../../ledger/reader.ts';
import type { Action } from '../command.ts';
import type { StatementFlags } from '../commands/statement.ts';
import { withLedger } from '../dataDirectory.ts';
import { count, energy, fixed, money, perUnit } from '../ui/format.ts';
import type { Json } from '../ui/output.ts';
import { facts, table } from '../ui/table.ts';

interface Sum {
  readonly asset: string;
  readonly service: string;
  readonly payments: number;
  readonly payMicro: number;
  readonly penaltyMicro: number;
  readonly netMicro: number;
}

export const statement: Action<StatementFlags, [owner: string]> = async (report, flags, owner) => {
  const fromMs = instant('--from', flags.from);
  const toMs = instant('--to', flags.to);
  const { account, lines } = await withLedger(flags.data, async (store) => {
    const app = await LedgerApplication.open({ store, clock: undefined });
    // First, so that a name nobody holds is an error and not an empty statement.
    const account = accountView(app.state, owner);
    return { account, lines: (await readStatement(store, owner)).lines };
  });
  const within = lines.filter(({ startMs }) => startMs >= (fromMs ?? -Infinity) && startMs < (toMs ?? Infinity));
  const sums = sumsByAsset(within.filter((line) => !line.superseded));
  const totals = addUp('all', '', sums);
  const shown = flags.limit === 0 ? within : within.slice(-flags.limit);
  report.text(...lineTable(shown));
  if (shown.length < within.length) {
    report.text(`the last ${count(shown.length)} of ${count(within.length)} payments; --limit 0 shows all`);
  }
  report.text('', ...sumTable([...sums, totals]), '', ...facts([['balance', money(account.balanceMicro)]]));
  if (account.receivableMicro < 0) report.text(...facts([['owes', money(-account.receivableMicro)]]));
  report.document({
    owner,
    fromMs: fromMs ?? null,
    toMs: toMs ?? null,
    balanceMicro: account.balanceMicro,
    receivableMicro: account.receivableMicro,
    totals: totalsDocument(totals),
    assets: sums.map((sum) => ({ ...sum })),
    lines: within.map((line): Json => ({ ...line })),
  });
};

function instant(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const tMs = /^\d{1,15}$/.test(text) ? Number(text) : (parseTimeMs(text) ?? parseTimeMs(`${text}T00:00`));
  if (tMs === undefined) {
    throw fail('cli.usage', { expected: `${flag}: 2026-01-31, 2026-01-31T12:00Z or ms since 1970`, got: text });
  }
  return tMs;
}

function sumsByAsset(lines: readonly StatementLine[]): Sum[] {
  const names = [...new Set(lines.map(({ asset, service }) => `${asset} ${service}`))].sort((a, b) => (a < b ? -1 : 1));
  return names.map((name) => {
    const own = lines.filter(({ asset, service }) => `${asset} ${service}` === name);
    const sum = (pick: (line: StatementLine) => number): number => own.reduce((total, line) => total + pick(line), 0);
    const { asset, service } = own[0]!;
    const [payMicro, penaltyMicro] = [sum((line) => line.payMicro), sum((line) => line.penaltyMicro)];
    return { asset, service, payments: own.length, payMicro, penaltyMicro, netMicro: payMicro - penaltyMicro };
  });
}

function addUp(asset: string, service: string, sums: readonly Sum[]): Sum {
  const sum = (pick: (sum: Sum) => number): number => sums.reduce((total, one) => total + pick(one), 0);
  return {
    asset,
    service,
    payments: sum((s) => s.payments),
    payMicro: sum((s) => s.payMicro),
    penaltyMicro: sum((s) => s.penaltyMicro),
    netMicro: sum((s) => s.netMicro),
  };
}

function totalsDocument({ payments, payMicro, penaltyMicro, netMicro }: Sum): Json {
  return { payments, payMicro, penaltyMicro, netMicro };
}

function lineTable(lines: readonly StatementLine[]): string[] {
  const columns = [
    { title: 'interval, UTC' },
    { title: 'asset' },
    { title: 'service' },
    { title: 'evidence' },
    { title: 'paid', align: 'right' },
    { title: 'penalty', align: 'right' },
    { title: 'block', align: 'right' },
    { title: 'index', align: 'right' },
    { title: '' },
  ] as const;
  return table(
    columns,
    lines.map((line) => [
      new Date(line.startMs).toISOString().slice(0, 16).replace('T', ' '),
      line.asset,
      line.service,
      evidence(line),
      money(line.payMicro),
      money(line.penaltyMicro),
      String(line.height),
      String(line.index),
      [...(line.status === 'missing' ? ['missing'] : []), ...line.flags, ...(line.superseded ? ['replaced'] : [])].join(
        ' ',
      ),
    ]),
  );
}

/** What was delivered of what was asked, in a few words; --json has all of it. */
function evidence({ service, status, score }: StatementLine): string {
  if (status === 'missing') return 'no meter reading';
  if (service === 'energy-dispatch') {
    const { eSetMilliWh, eDelMilliWh } = score;
    const way = direction(eSetMilliWh!, 'discharged', 'charged');
    return `${energy(eDelMilliWh! / 1000)} of ${energy(Math.abs(eSetMilliWh!) / 1000)}${way}`;
  }
  const { qSetVar, qDelVar, dvMicroPu } = score;
  const kvar = (qVar: number): string => fixed(Math.abs(qVar) / 1000, 1);
  const way = direction(qSetVar!, 'injected', 'absorbed');
  return `${kvar(qDelVar!)} of ${kvar(qSetVar!)} kvar${way}, moved ${perUnit(dvMicroPu! / 1e6)}`;
}

function direction(asked: number, plus: string, minus: string): string {
  if (asked === 0) return '';
  return ` ${asked > 0 ? plus : minus}`;
}

function sumTable(sums: readonly Sum[]): string[] {
  const columns = [
    { title: 'asset' },
    { title: 'service' },
    { title: 'payments', align: 'right' },
    { title: 'paid', align: 'right' },
    { title: 'penalty', align: 'right' },
    { title: 'net', align: 'right' },
  ] as const;
  return table(
    columns,
    sums.map((sum) => [
      sum.asset,
      sum.service,
      count(sum.payments),
      money(sum.payMicro),
      money(sum.penaltyMicro),
      money(sum.netMicro),
    ]),
  );
}
