/**
 * A process that runs the tiny market on a directory and kills itself with SIGKILL at a named moment:
 *   node killWorker.js DIRECTORY STEPS [STEP HEIGHT SPIN_US]
 * SPIN_US keeps the main thread busy after the moment before it dies, while the store's own threads go on, so
 * that deaths fall anywhere between the start of a batch and its acknowledgement.
 * Without a moment it runs to the end and prints the final state as JSON.
 */
import { ManualClock } from '../../src/base/clock.ts';
import { toHex } from '../../src/base/bytes.ts';
import { EmbeddedEngine, type PersistStep } from '../../src/ledger/engines/embedded.ts';
import { encodeGenesis } from '../../src/ledger/genesis.ts';
import { balances } from '../../src/ledger/query.ts';
import { openStore } from '../../src/ledger/store/kv.ts';
import { runTwin } from '../../src/twin/run.ts';
import { nodeSigner, twinGenesis } from '../../src/twin/scenario.ts';
import { tinyScenario } from './tinyTwin.ts';

const [directory, steps, killStep, killHeight, spinUs] = process.argv.slice(2);

function dieAt(step: PersistStep, height: number): void {
  if (step !== killStep || height !== Number(killHeight)) return;
  const untilMs = performance.now() + Number(spinUs) / 1000;
  while (performance.now() < untilMs);
  process.kill(process.pid, 'SIGKILL');
}

const scenario = tinyScenario(Number(steps));
const store = await openStore(directory!);
const signer = nodeSigner(scenario);
const genesis = encodeGenesis(twinGenesis(scenario));
const engine = await EmbeddedEngine.open({ store, genesis, signer, clock: new ManualClock(0), onStep: dieAt });
const { lastHeader } = await runTwin(engine, scenario);
const { sumMicro, balances: rows } = balances(engine.app);
process.stdout.write(
  JSON.stringify({ height: engine.height, stateRoot: toHex(lastHeader.stateRoot), sumMicro, balances: rows }),
);
await engine.close();
