/** Policies named on a command line for evaluation: artifact, name, task, and what lies beside it in its folder. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail, isGridPactError } from '../base/errors.ts';
import { loadArtifact } from '../contracts/policy/codec.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import type { FloatPolicy } from '../agents/freeze/floatPolicy.ts';
import { readJsonFile } from './files.ts';
import { readFloatPolicy } from './modelFiles.ts';
import { readPolicy, SHIPPED_POLICY } from './policyInput.ts';

export interface PolicyInput {
  /** Of its card: the recipe. Without one, where it was read from. */
  readonly name: string;
  /** As named on the command line. */
  readonly from: string;
  readonly artifact: LoadedPolicy;
  /** Of its card. */
  readonly task?: string | undefined;
  readonly float?: FloatPolicy | undefined;
  /** Where its training log may be. */
  readonly folder?: string | undefined;
}

/** @throws `cli.file`; `cbor.*`, `policy.*` with the path for what is no artifact. */
export async function readPolicyInput(from: string): Promise<PolicyInput> {
  const artifact = artifactOf(from, await readPolicy(from));
  const isFolder = (await stat(from)).isDirectory();
  const card = await cardBeside(isFolder ? from : dirname(from), artifact.cid);
  if (card === undefined) return { name: from, from, artifact, ...(isFolder ? { folder: from } : {}) };
  const { folder, name, task } = card;
  return { name: name ?? from, from, artifact, task, float: await floatBeside(folder), folder };
}

/** The voltage policy that ships with the project, named as it is in the repository. */
export async function shippedPolicyInput(): Promise<PolicyInput> {
  return { ...(await readPolicyInput(SHIPPED_POLICY)), from: join('models', basename(SHIPPED_POLICY)) };
}

/** As `loadArtifact`, saying which file it is. */
function artifactOf(path: string, bytes: Uint8Array): LoadedPolicy {
  try {
    return loadArtifact(bytes);
  } catch (cause) {
    if (!isGridPactError(cause)) throw cause;
    const got = typeof cause.got === 'string' ? cause.got : JSON.stringify(cause.got);
    throw fail(cause.code, { expected: cause.expected ?? 'a policy artifact', got: `${path}: ${got}`, cause });
  }
}

interface CardBeside {
  readonly folder: string;
  readonly name: string | undefined;
  readonly task: string | undefined;
}

/** Only a card of this very artifact. */
async function cardBeside(folder: string, cid: string): Promise<CardBeside | undefined> {
  const path = join(folder, 'card.json');
  if ((await stat(path).catch(() => undefined)) === undefined) return undefined;
  const card = Object(await readJsonFile(path)) as Partial<Record<string, unknown>>;
  if (card['cid'] !== cid) return undefined;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return { folder, name: text(card['name']), task: text(card['task']) };
}

async function floatBeside(folder: string): Promise<FloatPolicy | undefined> {
  const path = join(folder, 'float.json');
  return (await stat(path).catch(() => undefined)) === undefined ? undefined : readFloatPolicy(path);
}
