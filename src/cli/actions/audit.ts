import { auditStore, replayStore } from '../../ledger/audit.ts';
import type { Action } from '../command.ts';
import type { LedgerFlags } from '../commands/audit.ts';
import { withLedger } from '../dataDirectory.ts';
import { EXIT } from '../failure.ts';
import { count } from '../ui/format.ts';
import { facts, table } from '../ui/table.ts';

export const audit: Action<LedgerFlags> = async (report, { data }) => {
  const found = await withLedger(data, auditStore);
  const { findings, blocks, transactions, receipts, ledgerSumMicro, stateRoot } = found;
  const { green, red } = report.colours;
  const sound = findings.length === 0;
  report.text(
    ...facts([
      ['blocks', count(blocks)],
      ['transactions', count(transactions)],
      ['receipts', count(receipts)],
      ['ledger sum', String(ledgerSumMicro)],
      ['state root', stateRoot],
      ['verdict', sound ? green('sound') : red(`${count(findings.length)} findings`)],
    ]),
  );
  if (!sound) {
    const rows = findings.map(({ height, check, detail }) => [String(height), check, detail]);
    report.text('', ...table([{ title: 'block', align: 'right' }, { title: 'check' }, { title: 'finding' }], rows));
  }
  report.document({ sound, ...found, findings: findings.map((finding) => ({ ...finding })) });
  return sound ? EXIT.ok : EXIT.no;
};

export const replay: Action<LedgerFlags> = async (report, { data }) => {
  const { blocks, stateRoot, divergence } = await withLedger(data, (store) => {
    let progress: ReturnType<typeof report.progress> | undefined;
    return replayStore(store, (height, last) => {
      progress ??= report.progress('replaying', last, 'blocks');
      progress.update(height);
    });
  });
  const same = divergence === undefined;
  const { green, red } = report.colours;
  report.text(
    ...facts([
      ['blocks', count(blocks)],
      ['state root', stateRoot],
      ['verdict', same ? green('every header and state root is the same') : red('differs')],
    ]),
  );
  if (!same) report.text(`block ${divergence.height}, field ${divergence.field}: ${divergence.detail}`);
  report.document({ same, blocks, stateRoot, divergence: same ? null : { ...divergence } });
  return same ? EXIT.ok : EXIT.no;
};
