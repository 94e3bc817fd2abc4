import { ERRORS } from '../../base/errors.ts';
import type { Action } from '../command.ts';
import type { KeysFlags } from '../commands/keys.ts';
import { EXIT } from '../failure.ts';
import { createKey, listKeys, readPublicKey } from '../keyFile.ts';
import { facts, table } from '../ui/table.ts';

export const newKey: Action<KeysFlags, [name: string]> = async (report, { dir }, name) => {
  const { publicKey, file } = await createKey(dir, name);
  report.text(
    ...facts([
      ['created', file],
      ['public key', publicKey],
    ]),
  );
  report.document({ name, publicKey, file });
};

export const showKey: Action<KeysFlags, [name: string]> = async (report, { dir }, name) => {
  const { publicKey, file } = await readPublicKey(dir, name);
  report.text(publicKey);
  report.document({ name, publicKey, file });
};

export const listAll: Action<KeysFlags> = async (report, { dir }) => {
  const keys = await listKeys(dir);
  const rows = keys.map((key) => [key.name, 'problem' in key ? `unusable: ${key.problem.code}` : key.publicKey]);
  report.text(...table([{ title: 'name' }, { title: 'public key' }], rows));
  report.document({
    keys: keys.map((key) =>
      'problem' in key
        ? { name: key.name, file: key.file, problem: { code: key.problem.code, message: ERRORS[key.problem.code] } }
        : { name: key.name, publicKey: key.publicKey, file: key.file },
    ),
  });
  return keys.some((key) => 'problem' in key) ? EXIT.no : EXIT.ok;
};
