/** Just enough of XML 1.0 to say that a document is well formed: what a viewer refuses is refused here. */

const NAME = '[A-Za-z_:][\\w:.-]*';
const ATTRIBUTE = new RegExp(`\\s+(${NAME})="([^"<]*)"`, 'y');
const OPEN = new RegExp(`<(${NAME})`, 'y');
const CLOSE = new RegExp(`</(${NAME})\\s*>`, 'y');
const TEXT = /[^<]+/y;
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/;
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Every element in document order. @throws Error naming what is wrong, and where. */
export function parseXml(document: string): XmlElement[] {
  const declaration = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/.exec(document)?.[0] ?? '';
  if (FORBIDDEN.test(document)) throw new Error('a character that XML cannot hold');
  const elements: XmlElement[] = [];
  const open: string[] = [];
  let at = declaration.length;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(document);
    if (found !== null) at += found[0].length;
    return found;
  };
  while (at < document.length) {
    const text = match(TEXT);
    if (text !== null) {
      if (ENTITY.test(text[0]) || (open.length === 0 && text[0].trim() !== ''))
        throw new Error(`text at ${at}: ${text[0].slice(0, 40)}`);
      continue;
    }
    const close = match(CLOSE);
    if (close !== null) {
      if (open.pop() !== close[1]) throw new Error(`</${close[1]!}> at ${at} closes something else`);
      continue;
    }
    const tag = match(OPEN);
    if (tag === null || (open.length === 0 && elements.length > 0))
      throw new Error(`markup at ${at}: ${document.slice(at, at + 40)}`);
    const attributes: Record<string, string> = {};
    for (let found = match(ATTRIBUTE); found !== null; found = match(ATTRIBUTE)) {
      if (Object.hasOwn(attributes, found[1]!)) throw new Error(`${found[1]!} twice at ${at}`);
      if (ENTITY.test(found[2]!)) throw new Error(`entity in ${found[1]!} at ${at}`);
      attributes[found[1]!] = found[2]!;
    }
    elements.push({ name: tag[1]!, attributes });
    const end = match(/\s*(\/?)>/y);
    if (end === null) throw new Error(`<${tag[1]!} at ${at} does not end`);
    if (end[1] === '') open.push(tag[1]!);
  }
  if (open.length > 0 || elements.length === 0) throw new Error(`not closed: ${open.join(' ')}`);
  return elements;
}
