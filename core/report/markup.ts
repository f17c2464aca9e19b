/**
 * Markup that cannot forget to escape: everything put into an `html` template is text unless it is Markup already.
 */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type Insert = Markup | string | number | null | undefined | false | readonly Insert[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Control characters, unpaired surrogates, noncharacters and marks that reverse the reading direction: shown as a replacement sign, never obeyed. */
const UNPRINTABLE = /(?![\t\n\r])\p{Cc}|\p{Bidi_Control}|\p{Noncharacter_Code_Point}|\p{Surrogate}|\ufeff/gu;

/** Text that is safe between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(/[&<>"']/g, (sign) => entities[sign]!);
}

function insert(value: Insert): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(insert).join('');
  return escapeHtml(String(value));
}

/** Template tag: `` html`<b>${name}</b>` `` escapes `name`; Markup, and lists of it, pass as they are; null and false vanish. */
export function html(parts: TemplateStringsArray, ...values: Insert[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + insert(values[i - 1]) + part));
}

/** Marks text written in this project (never a user's) as markup. */
export const trusted = (text: string): Markup => new Markup(text);

/** Leaves out what a drawing repeats on every line without showing it: comments, classes, indentation and default strokes. */
function compactSvg(svg: string): string {
  return svg
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/ class=(?:'[^']*'|"[^"]*")/g, '')
    .replaceAll('fill:none;fill-rule:evenodd;', 'fill:none;')
    .replaceAll('fill="none" fill-rule="evenodd"', 'fill="none"')
    .replaceAll(';stroke-linecap:butt;stroke-linejoin:miter;stroke-opacity:1', '')
    .replaceAll(' stroke-linecap="butt" stroke-linejoin="miter" stroke-opacity="1"', '')
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('> <', '><');
}

/** A drawing as the address of an image: shown by the browser without scripts, links or styles of the page, whatever it holds. */
export function svgDataUri(svg: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(compactSvg(svg))) binary += String.fromCharCode(byte);
  return `data:image/svg+xml;base64,${btoa(binary)}`;
}
