/** Colour by picocolors, decided per stream: NO_COLOR (no-color.org) wins, then FORCE_COLOR, then a TTY. */
import picocolors from 'picocolors';
import type { CliIo, Sink } from '../io.ts';

export type Colours = ReturnType<typeof picocolors.createColors>;
export type Paint = (text: string) => string;

export function coloursFor(sink: Sink, env: CliIo['env']): Colours {
  return picocolors.createColors(wantsColour(sink, env));
}

function wantsColour(sink: Sink, env: CliIo['env']): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return sink.isTTY === true && env['TERM'] !== 'dumb';
}
