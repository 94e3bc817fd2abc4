/**
 * Key files: `<dir>/<name>.key.json`, JSON {v: 1, kind: "ed25519", name, publicKey, secretKey}, keys in hex,
 * readable by their owner alone. Never overwritten. No error and no output holds the secret.
 */
import { chmod, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, toHex } from '../base/bytes.ts';
import { fail, isGridPactError, type GridPactError } from '../base/errors.ts';
import { generateSecretKey, publicKeyOf, signerOf, type Signer } from '../base/signature.ts';
import { errnoOf } from './files.ts';

const SUFFIX = '.key.json';

export interface PublicKeyEntry {
  readonly name: string;
  /** 64 hex digits. */
  readonly publicKey: string;
  readonly file: string;
}

/** A file of `listKeys` that could not be used, and why. */
export interface BadKeyEntry {
  readonly name: string;
  readonly file: string;
  readonly problem: GridPactError;
}

interface KeyDocument {
  readonly v: 1;
  readonly kind: 'ed25519';
  readonly name: string;
  readonly publicKey: string;
  readonly secretKey: string;
}

/** Makes the file of a key (default: a new one), mode 0600. @throws `keys.name`, `keys.exists`, `cli.file`. */
export async function createKey(dir: string, name: string, secret = generateSecretKey()): Promise<PublicKeyEntry> {
  const file = keyPath(dir, name);
  const publicKey = toHex(publicKeyOf(secret));
  const document: KeyDocument = { v: 1, kind: 'ed25519', name, publicKey, secretKey: toHex(secret) };
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeNew(file, `${JSON.stringify(document, undefined, 2)}\n`);
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') throw fail('keys.exists', { expected: 'a name not in use', got: file });
    throw fail('cli.file', { expected: 'a directory that can be written', got: `${file} (${errnoOf(cause)})`, cause });
  }
  return { name, publicKey, file };
}

/** @throws `keys.name`, `keys.missing`, `keys.permissions`, `keys.malformed`, `cli.file`. */
export async function readPublicKey(dir: string, name: string): Promise<PublicKeyEntry> {
  const { publicKey } = await readKeyDocument(dir, name);
  return { name, publicKey, file: keyPath(dir, name) };
}

/** The key, ready to sign. @throws as `readPublicKey`. */
export async function loadSigner(dir: string, name: string): Promise<Signer> {
  return signerOf(fromHex((await readKeyDocument(dir, name)).secretKey));
}

/** Every key file of a directory in order of name, the unusable ones with their problem. @throws `cli.file`. */
export async function listKeys(dir: string): Promise<readonly (PublicKeyEntry | BadKeyEntry)[]> {
  const files = await readdir(dir).catch((cause: unknown) => {
    throw fail('cli.file', { expected: 'a directory of keys', got: `${dir} (${errnoOf(cause)})`, cause });
  });
  const names = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
  names.sort((a, b) => (a < b ? -1 : 1));
  return Promise.all(names.map((name) => entryOf(dir, name)));
}

async function entryOf(dir: string, name: string): Promise<PublicKeyEntry | BadKeyEntry> {
  try {
    return await readPublicKey(dir, name);
  } catch (problem) {
    if (!isGridPactError(problem)) throw problem;
    return { name, file: join(dir, name + SUFFIX), problem };
  }
}

/** @throws `keys.name`: a name is also a file name, so it holds no separator and does not start with a dot. */
function keyPath(dir: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,31}$/.test(name)) {
    throw fail('keys.name', { expected: '1..32 of [a-z0-9._-]', got: name.slice(0, 80) });
  }
  return join(dir, name + SUFFIX);
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await chmod(file, 0o600);
}

async function readKeyDocument(dir: string, name: string): Promise<KeyDocument> {
  const file = keyPath(dir, name);
  let text: string;
  try {
    await assertPrivate(file);
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (isGridPactError(cause)) throw cause;
    if (errnoOf(cause) === 'ENOENT') throw fail('keys.missing', { expected: 'a key file', got: file });
    throw fail('cli.file', { expected: 'a file that can be read', got: `${file} (${errnoOf(cause)})`, cause });
  }
  return parseKeyDocument(text, name, file);
}

async function assertPrivate(file: string): Promise<void> {
  const { mode } = await stat(file);
  // Windows has no such bits: there stat invents 0666.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw fail('keys.permissions', { expected: 'mode 0600', got: `${file} of mode 0${(mode & 0o777).toString(8)}` });
}

function parseKeyDocument(text: string, name: string, file: string): KeyDocument {
  // No cause and no content in the error: both could show the secret.
  const malformed = (expected: string): GridPactError => fail('keys.malformed', { expected, got: file });
  let value: Partial<Record<string, unknown>>;
  try {
    value = Object(JSON.parse(text)) as Partial<Record<string, unknown>>;
  } catch {
    throw malformed('JSON');
  }
  const { v, kind, publicKey, secretKey } = value;
  if (v !== 1 || kind !== 'ed25519') throw malformed('v 1, kind ed25519');
  if (value['name'] !== name) throw malformed(`name ${name}`);
  if (!isHex32(publicKey) || !isHex32(secretKey)) throw malformed('publicKey and secretKey of 64 hex digits');
  if (toHex(publicKeyOf(fromHex(secretKey))) !== publicKey) throw malformed('the public key of the secret');
  return { v, kind, name, publicKey, secretKey };
}

function isHex32(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
