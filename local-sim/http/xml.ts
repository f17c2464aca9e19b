/** The little XML that S3 and the query protocol speak: elements and text, no attributes worth keeping, no entities but the five. */

export type XmlValue = string | number | boolean | XmlFields | readonly XmlValue[] | undefined;
export interface XmlFields {
  readonly [name: string]: XmlValue;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\r': '&#13;' };

export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids these characters even when escaped
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd').replace(/[&<>"'\r]/g, (c) => ESCAPES[c]!);
}

/** Writes fields as elements; an array repeats its element, an undefined one is left out. */
export function writeXml(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([name, value]) => writeElement(name, value))
    .join('');
}

function writeElement(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item: XmlValue) => writeElement(name, item)).join('');
  const inner = typeof value === 'object' ? writeXml(value as XmlFields) : escapeXml(String(value));
  return `<${name}>${inner}</${name}>`;
}

export function xmlDocument(root: string, fields: XmlFields, namespace?: string): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${writeXml(fields)}</${root}>`;
}

export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

export const child = (element: XmlElement, name: string): XmlElement | undefined => element.children.find((c) => c.name === name);
export const childText = (element: XmlElement, name: string): string | undefined => child(element, name)?.text;
export const childrenNamed = (element: XmlElement, name: string): XmlElement[] => element.children.filter((c) => c.name === name);

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, body: string) => {
    if (body.startsWith('#x') || body.startsWith('#X')) return String.fromCodePoint(Number.parseInt(body.slice(2), 16));
    if (body.startsWith('#')) return String.fromCodePoint(Number(body.slice(1)));
    const known = NAMED[body];
    if (known === undefined) throw new Error(`unknown XML entity ${whole}`);
    return known;
  });
}

/** Parses one document. Throws on malformed input, on a document type and on nesting deeper than 32. */
export function parseXml(source: string): XmlElement {
  const token =
    /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)|(<)/g;
  const root: XmlElement = { name: '', text: '', children: [] };
  const stack: XmlElement[] = [root];
  for (const match of source.matchAll(token)) {
    const top = stack.at(-1)!;
    if (match[7] !== undefined) throw new Error(`malformed XML at character ${match.index}`);
    if (match[1] !== undefined) top.text += match[1];
    else if (match[6] !== undefined) top.text += unescapeXml(match[6]);
    else if (match[2] !== undefined) {
      const name = localName(match[2]);
      if (top.name !== name || stack.length === 1) throw new Error(`</${name}> closes <${top.name}>`);
      if (top.children.length > 0) top.text = top.text.trim();
      stack.pop();
    } else if (match[3] !== undefined) {
      const element: XmlElement = { name: localName(match[3]), text: '', children: [] };
      top.children.push(element);
      if (match[5] !== '/') stack.push(element);
      if (stack.length > 32) throw new Error('XML is nested deeper than 32 elements');
    }
  }
  const first = root.children[0];
  if (stack.length !== 1 || first === undefined || root.children.length !== 1)
    throw new Error('XML must hold exactly one closed root element');
  return first;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);
