import { dirname, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { fail, isGridPactError } from '../../base/errors.ts';
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { loadArtifact } from '../../contracts/policy/codec.ts';
import { createExecutor } from '../../contracts/policy/execute.ts';
import {
  prove,
  readSuite,
  standardTemplates,
  SUITE_FORMAT,
  suiteGuarantees,
  type Guarantee,
  type ProofResult,
  type Suite,
} from '../../verify/index.ts';
import type { Action } from '../command.ts';
import type { ProveFlags } from '../commands/prove.ts';
import { EXIT } from '../failure.ts';
import { makeNamedDirectory, readJsonFile, writeNamedFile } from '../files.ts';
import { policyPath, readPolicy } from '../policyInput.ts';
import { leavesOf, proofRecord, recheck, writeProof, writeProofs, type ProofRecord } from '../proofFiles.ts';
import { count, fixed, several } from '../ui/format.ts';
import type { Json, Reporter } from '../ui/output.ts';
import { physical } from '../ui/physical.ts';
import { facts } from '../ui/table.ts';
import { wrap } from '../ui/wrap.ts';

/** A claim that was searched or checked, as it is shown. */
interface Shown {
  readonly guarantee: Guarantee;
  readonly verdict: string;
  readonly holds: boolean;
  readonly how: string;
  /** Lines under the sentence. */
  readonly detail: readonly string[];
}

export const proveCommand: Action<ProveFlags, [artifact: string | undefined]> = async (report, flags, path) => {
  const policy = loadArtifact(await readPolicy(path));
  const { suite, from } = await suiteOf(policy, flags, path);
  if (flags.draft !== undefined) return writeDraft(report, flags.draft, suite);
  const guarantees = chosen(suiteGuarantees(policy, suite), flags.only);
  report.text(
    ...facts([
      ['policy', policy.cid],
      ['suite', `${from}, ${several(guarantees.length, 'property', 'properties')}`],
    ]),
  );
  const { claims, document } =
    flags.check === undefined
      ? await searchAll(report, policy, guarantees, flags)
      : await recheckAll(report, policy, guarantees, flags.check);
  const held = claims.filter(({ holds }) => holds).length;
  report.text(
    '',
    `${count(held)} of ${several(claims.length, 'claim', 'claims')} ${claims.length === 1 ? 'holds' : 'hold'}`,
  );
  report.document({ policy: policy.cid, suite: from, claims: claims.length, hold: held, ...document });
  return held === claims.length ? EXIT.ok : EXIT.no;
};

interface Outcome {
  /** Those that claim something of the policy. */
  readonly claims: readonly Shown[];
  readonly document: { readonly [key: string]: Json };
}

async function searchAll(
  report: Reporter,
  policy: LoadedPolicy,
  guarantees: readonly Guarantee[],
  flags: ProveFlags,
): Promise<Outcome> {
  if (flags.write !== undefined) await makeNamedDirectory(flags.write);
  const records: (ProofRecord & { readonly boxes: number; readonly seconds: number })[] = [];
  const claims: Shown[] = [];
  for (const guarantee of guarantees) {
    const progress = report.progress(guarantee.id, undefined, 'boxes');
    const result = await prove(policy, guarantee.property, {
      workers: flags.workers,
      budget: { seconds: flags.seconds, boxes: Number.MAX_SAFE_INTEGER },
      onProgress: ({ boxes, openPieces }) => progress.update(boxes, `${count(openPieces)} open`),
    });
    progress.end();
    const shown = searched(policy, guarantee, result);
    report.text(...linesOf(report, shown));
    if (guarantee.isClaim) claims.push(shown);
    records.push({ ...proofRecord(guarantee, result), boxes: result.boxes, seconds: result.seconds });
    if (flags.write !== undefined) await writeProof(flags.write, guarantee, result);
  }
  if (flags.write !== undefined) {
    await writeProofs(
      flags.write,
      policy,
      records.map(({ boxes: _boxes, seconds: _seconds, ...record }) => record),
    );
    report.text('', `written     ${flags.write}`);
  }
  return { claims, document: { proofs: records.map((record) => ({ ...record })) } };
}

function searched(policy: LoadedPolicy, guarantee: Guarantee, result: ProofResult): Shown {
  const { verdict, boxes, seconds, uncertified } = result;
  const leaves = verdict === 'PROVED' ? `, ${leavesOf(result, guarantee)}` : '';
  const detail: string[] = [];
  if (verdict !== 'UNKNOWN') detail.push(...extremeOf(policy, guarantee, result));
  else detail.push(`the budget of ${result.exhausted ?? 'the search'} ran out`);
  if (uncertified !== undefined) detail.push(`proved by search alone: too many ${uncertified} for a certificate`);
  return {
    guarantee,
    verdict: wording(guarantee, verdict),
    holds: verdict === 'PROVED',
    how: `${several(boxes, 'box', 'boxes')}${leaves}, ${fixed(seconds, seconds < 10 ? 2 : 0)} s`,
    detail,
  };
}

/** What is asked for information is no claim that could fail. */
function wording({ isClaim }: Guarantee, verdict: ProofResult['verdict']): string {
  if (isClaim || verdict === 'UNKNOWN') return verdict;
  return verdict === 'PROVED' ? 'YES' : 'NO';
}

/** The extreme that was found, or the readings that break the property, and what the policy orders there. */
function extremeOf(policy: LoadedPolicy, { property }: Guarantee, result: ProofResult): string[] {
  const { at, point } = result;
  if (at === undefined || point === undefined || (property.mode === 'forall' && result.verdict === 'PROVED')) return [];
  const readings = at.map(({ n, value, unit }) => `${n} ${String(value)} ${unit}`.trimEnd());
  const n = policy.interface.inputs.length;
  const first = Int32Array.from(point.slice(0, n));
  const lines = [`${ordersAt(policy, property, first)} at ${readings.slice(0, n).join(', ')}`];
  const steps = point.slice(n);
  if (steps.length === 0) return lines;
  const moved = readings.slice(n).filter((_, i) => steps[i] !== 0);
  const second = first.map((raw, i) => raw + steps[i]!);
  return [...lines, `${ordersAt(policy, property, second)} after ${moved.length === 0 ? 'no step' : moved.join(', ')}`];
}

/** In physical units, those outputs that the property speaks of. */
function ordersAt(policy: LoadedPolicy, { at, lin }: Guarantee['property'], raw: Int32Array): string {
  const { inputs, outputs } = policy.interface;
  const executor = createExecutor(policy);
  const out = new Int32Array(outputs.length);
  if (at === 'out') executor.runNetwork(raw, out);
  else {
    const x = new Int32Array(inputs.length);
    executor.normalise(raw, x);
    executor.inferNetwork(x, out);
  }
  const spoken = outputs.flatMap(({ n, u }, d) =>
    at === 'unit' || lin[d] !== 0 ? [`${n} ${physical(out[d]!, u)}`] : [],
  );
  return spoken.join(', ');
}

async function recheckAll(
  report: Reporter,
  policy: LoadedPolicy,
  guarantees: readonly Guarantee[],
  folder: string,
): Promise<Outcome> {
  const checked: { id: string; holds: boolean; leaves: number | null; reason: string | null }[] = [];
  const claims: Shown[] = [];
  for (const guarantee of guarantees.filter(({ isClaim }) => isClaim)) {
    const shown = await checkedOf(folder, policy, guarantee);
    report.text(...linesOf(report, shown.shown));
    claims.push(shown.shown);
    checked.push({ id: guarantee.id, holds: shown.shown.holds, leaves: shown.leaves, reason: shown.reason });
  }
  return { claims, document: { checked } };
}

async function checkedOf(
  folder: string,
  policy: LoadedPolicy,
  guarantee: Guarantee,
): Promise<{ readonly shown: Shown; readonly leaves: number | null; readonly reason: string | null }> {
  try {
    const { leaves, gas } = await recheck(folder, policy, guarantee);
    const how = `${several(leaves, 'leaf', 'leaves')} replayed in integers, gas ${count(gas)}`;
    return { shown: { guarantee, verdict: 'CHECKED', holds: true, how, detail: [] }, leaves, reason: null };
  } catch (error) {
    if (!isGridPactError(error)) throw error;
    const shown = { guarantee, verdict: 'REFUSED', holds: false, how: error.code, detail: [error.message] };
    return { shown, leaves: null, reason: error.code };
  }
}

const INDENT = 9;

function linesOf(report: Reporter, { guarantee, verdict, holds, how, detail }: Shown): string[] {
  const { green, red, yellow, dim } = report.colours;
  const paint = !guarantee.isClaim ? dim : holds ? green : verdict === 'UNKNOWN' ? yellow : red;
  const under = [guarantee.sentence, ...detail].flatMap((line) => wrap(line, report.width - INDENT));
  return [
    '',
    `${paint(verdict.padEnd(INDENT - 1))} ${guarantee.id} (${guarantee.guarantee}): ${how}`,
    ...under.map((line) => `${' '.repeat(INDENT)}${line}`),
  ];
}

async function suiteOf(
  policy: LoadedPolicy,
  flags: ProveFlags,
  path: string | undefined,
): Promise<{ readonly suite: Suite; readonly from: string }> {
  if (flags.draft !== undefined) return { suite: drafted(policy), from: 'drafted' };
  if (flags.suite !== undefined) return { suite: readSuite(await readJsonFile(flags.suite)), from: flags.suite };
  const beside = join(dirname(await policyPath(path)), 'suite.json');
  const found = await stat(beside).catch(() => undefined);
  if (found !== undefined) return { suite: readSuite(await readJsonFile(beside)), from: 'suite.json' };
  return { suite: drafted(policy), from: 'drafted from the interface' };
}

function drafted(policy: LoadedPolicy): Suite {
  return { format: SUITE_FORMAT, properties: standardTemplates(policy) };
}

async function writeDraft(report: Reporter, file: string, suite: Suite): Promise<void> {
  await writeNamedFile(file, `${JSON.stringify(suite, null, 2)}\n`);
  report.text(...facts([['written', `${file}, ${count(suite.properties.length)} templates`]]));
  report.document({ out: file, templates: suite.properties.length });
}

function chosen(guarantees: readonly Guarantee[], only: readonly string[] | undefined): readonly Guarantee[] {
  const unknown = only?.find((id) => !guarantees.some((guarantee) => guarantee.id === id));
  if (unknown !== undefined) {
    throw fail('cli.usage', { expected: `--only: ${guarantees.map(({ id }) => id).join(', ')}`, got: unknown });
  }
  return only === undefined ? guarantees : guarantees.filter(({ id }) => only.includes(id));
}
