import type { Chemistry, Outcome } from './chemistry.ts';

export interface DrawingSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

const elements = 'svg|g|path|rect|ellipse|circle|line|polygon|polyline|text|tspan';
const allowedTag = new RegExp(`^</?(?:${elements})(?:\\s[^<>]*)?/?>$`);
const forbiddenAttribute = /\s(?:on\w+|href|xlink:href)\s*=|javascript:|url\(/i;

/**
 * 2D structure as an SVG element that can stand inside an HTML page: no XML header, no scripts, no links, no outside references, a title for
 * screen readers. The title is escaped; what RDKit wrote is checked tag by tag, so nothing but drawing gets through.
 */
export async function drawMolecule(
  smiles: string,
  size: DrawingSize,
  chemistry: Chemistry,
  title = 'structure',
): Promise<Outcome<string>> {
  for (const pixels of [size.widthPx, size.heightPx]) {
    if (!Number.isInteger(pixels) || pixels < 16 || pixels > 2_000)
      throw new RangeError(`wanted a size of 16 to 2000 whole pixels, found ${pixels}`);
  }
  const drawn = await chemistry.withSmiles(smiles, (molecule) => molecule.get_svg(size.widthPx, size.heightPx));
  return drawn.ok ? { ok: true, value: embeddable(drawn.value, size, title) } : drawn;
}

function embeddable(svg: string, { widthPx, heightPx }: DrawingSize, title: string): string {
  const body = svg
    .replace(/<\?xml[^>]*\?>/g, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<!DOCTYPE[^>]*>/g, '')
    .trim();
  const open = /^<svg[^>]*>/.exec(body)?.[0];
  if (open === undefined || !body.endsWith('</svg>'))
    throw new Error('wanted an SVG element from the drawing routine, found none');
  const inner = body.slice(open.length, -'</svg>'.length).trim();
  for (const tag of inner.match(/<[^>]*>/g) ?? []) {
    if (!allowedTag.test(tag) || forbiddenAttribute.test(tag))
      throw new Error(`wanted plain drawing elements in the SVG, found ${tag.slice(0, 40)}`);
  }
  // A strict content policy forbids style attributes; the same words are presentation attributes in SVG.
  const drawn = inner.replace(/\sstyle=(['"])(.*?)\1/g, (_whole, _quote, style: string) =>
    style
      .split(';')
      .filter((rule) => rule.includes(':'))
      .map((rule) => ` ${rule.slice(0, rule.indexOf(':')).trim()}="${rule.slice(rule.indexOf(':') + 1).trim()}"`)
      .join(''),
  );
  const head = `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}">`;
  return `${head}<title>${escapeXml(title)}</title>${drawn}</svg>`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what XML 1.0 forbids
const forbiddenInXml = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/** Text made safe for element content and quoted attributes. Characters that XML forbids are dropped. */
export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(forbiddenInXml, '').replace(/[&<>"']/g, (character) => names[character]!);
}
