import { freezePolicy } from '../../agents/freeze/freeze.ts';
import type { Action } from '../command.ts';
import type { FreezeFlags } from '../commands/freeze.ts';
import { writeNamedFile } from '../files.ts';
import { readFloatInput } from '../floatInput.ts';
import { count, percent } from '../ui/format.ts';
import { facts } from '../ui/table.ts';

export const freeze: Action<FreezeFlags, [float: string]> = async (report, flags, path) => {
  const { policy, notes } = await readFloatInput(path, flags);
  const frozen = freezePolicy(policy, { points: flags.points });
  await writeNamedFile(flags.out, frozen.bytes);
  const { maxError, meanError, bound, points } = frozen.quantisation;
  report.text(
    ...facts([
      ['policy', frozen.cid],
      ['size', `${count(frozen.bytes.length)} bytes, gas ${count(frozen.artifact.gas)}`],
      ['error measured', `at most ${percent(maxError, 4)}, mean ${percent(meanError, 4)}, on ${count(points)} points`],
      ['error bound', `${percent(bound, 3)} of the output range, anywhere in the input box`],
      ['vec4096', frozen.vec4096],
      ['written', flags.out],
      ...notes.map((note) => ['note', note] as const),
    ]),
  );
  report.document({
    cid: frozen.cid,
    bytes: frozen.bytes.length,
    gas: frozen.artifact.gas,
    quantisation: { maxError, meanError, bound, points },
    vec4096: frozen.vec4096,
    vec65536: frozen.vec65536,
    out: flags.out,
    notes,
  });
};
