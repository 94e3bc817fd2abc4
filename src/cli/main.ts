#!/usr/bin/env node
import { runCli } from './app.ts';
import { exitOnClosedPipe, processIo } from './io.ts';

exitOnClosedPipe();
// Not process.exit: what is still on its way to a pipe must arrive.
process.exitCode = await runCli(process.argv.slice(2), processIo());
