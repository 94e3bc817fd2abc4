/** A terminal that keeps what was written, with a clock that stands still until moved. */
import type { CliIo } from '../../src/cli/io.ts';

export interface Terminal {
  readonly io: CliIo;
  stdout(): string;
  stderr(): string;
  advance(ms: number): void;
}

export function terminal(options: { tty?: boolean; columns?: number; env?: Record<string, string> } = {}): Terminal {
  const kept = { stdout: '', stderr: '' };
  let nowMs = 0;
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY: options.tty,
    columns: options.columns,
    write: (text: string) => (kept[name] += text),
  });
  return {
    io: { stdout: sink('stdout'), stderr: sink('stderr'), env: options.env ?? {}, nowMs: () => nowMs },
    stdout: () => kept.stdout,
    stderr: () => kept.stderr,
    advance: (ms) => (nowMs += ms),
  };
}
