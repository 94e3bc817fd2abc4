/** Code blocks of a page that promise to run. */

export interface Runnable {
  /** 1-based, of the opening fence. */
  readonly line: number;
  readonly language: 'sh' | 'ts';
  readonly script: string;
}

/** Every \`\`\`sh or \`\`\`ts block directly after a line `<!-- run -->`. @throws Error for a mark with no such block. */
export function runnableBlocks(markdown: string): Runnable[] {
  const lines = markdown.split('\n');
  const found: Runnable[] = [];
  lines.forEach((text, i) => {
    if (text.trim() !== '<!-- run -->') return;
    let open = i + 1;
    while (lines[open]?.trim() === '') open++;
    const close = lines.findIndex((line, at) => at > open && line.trim() === '```');
    const language = /^```(sh|ts)$/.exec(lines[open]?.trim() ?? '')?.[1] as 'sh' | 'ts' | undefined;
    if (language === undefined || close < 0) throw new Error(`line ${i + 1}: no \`\`\`sh or \`\`\`ts block follows`);
    found.push({ line: open + 1, language, script: lines.slice(open + 1, close).join('\n') });
  });
  return found;
}
