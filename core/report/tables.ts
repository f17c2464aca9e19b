/**
 * The ranking as files: CSV (RFC 4180, safe to open in a spreadsheet) and SDF (V2000 with data fields).
 * Both are written line by line from any iterable, so that a library of any size fits.
 */
import type { RankedCompound } from '../contracts/report.ts';

export type TableRow = Omit<RankedCompound, 'structureSvg'>;

/** How far down the ranking each file goes: what the writers keep, and what the page says of it. */
export const RANKING_ROWS = 10_000;
export const SDF_RECORDS = 1_000;

const ourColumns = [
  'rank',
  'id',
  'smiles',
  'classical_pK',
  'hybrid_pK',
  'refined_pK',
  'half_width_90_pK',
  'nearest_id',
  'nearest_pK',
  'nearest_similarity',
  'out_of_domain',
  'heavy_atoms',
  'alerts',
  'measured_pK',
] as const;

const round = (value: number | null): string => (value === null ? '' : String(Number(value.toFixed(4))));

function ourValues(row: TableRow): string[] {
  return [
    String(row.rank),
    row.id,
    row.smiles,
    round(row.classicalPk),
    round(row.hybridPk),
    round(row.refinedPk),
    round(row.halfWidthPk),
    row.nearest.id,
    round(row.nearest.pK),
    round(row.nearest.similarity),
    row.outOfDomain ? 'yes' : 'no',
    String(row.heavyAtoms),
    row.alerts.join('; '),
    round(row.truthPk),
  ];
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * One CSV field. A text that a spreadsheet would take for a formula gets an apostrophe in front (numbers do not); a field with a comma, quote
 * or line break is quoted, quotes doubled.
 */
export function csvField(text: string): string {
  const safe = /^\s*[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export interface TableColumns {
  /** Names of computed properties, in order. */
  properties: readonly string[];
  /** Names of the user's columns, in order. */
  columns: readonly string[];
}

/** Every property and user column that any row has, in order of first appearance. */
export function tableColumns(rows: Iterable<TableRow>): TableColumns {
  const properties = new Set<string>();
  const columns = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(row.properties)) properties.add(name);
    for (const name of Object.keys(row.columns)) columns.add(name);
  }
  return { properties: [...properties], columns: [...columns] };
}

/** Names that stand once each: a user's column that bears one of ours, or a property's, gets `library_` in front until it is alone. */
function headers({ properties, columns }: TableColumns): string[] {
  const taken = new Set<string>();
  return [...ourColumns, ...properties, ...columns].map((name) => {
    let free = name;
    while (taken.has(free.toLowerCase())) free = `library_${free}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

/** Lines of `ranked.csv`, each ending in CRLF. */
export function* rankedCsv(rows: Iterable<TableRow>, names: TableColumns): Generator<string> {
  yield `${headers(names).map(csvField).join(',')}\r\n`;
  for (const row of rows) {
    const values = [
      ...ourValues(row),
      ...names.properties.map((name) => {
        const value = row.properties[name] ?? null;
        return typeof value === 'number' ? round(value) : (value ?? '');
      }),
      ...names.columns.map((name) => row.columns[name] ?? ''),
    ];
    yield `${values.map(csvField).join(',')}\r\n`;
  }
}

/** Line breaks and control characters become spaces: a value is one line of an SD file, and cannot end its field or its record. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

const fieldName = (name: string): string => oneLine(name).replace(/[<>]/g, '_') || 'unnamed';

/** Title line of a molblock: at most 80 characters, and never a record's end. */
function titleLine(id: string): string {
  const title = oneLine(id).slice(0, 80).toWellFormed();
  return title.startsWith('$$$$') || title.startsWith('>') ? `_${title}` : title;
}

/** One record; throws RangeError when the molblock is not a single V2000 block. The full id stands in the field `id`. */
export function sdfRecord(row: TableRow, molblock: string, names: TableColumns): string {
  const lines = molblock.replaceAll('\r\n', '\n').split('\n');
  const end = lines.indexOf('M  END');
  if (end < 4 || !lines[3]!.endsWith('V2000') || lines.slice(0, end).some((line) => line.startsWith('$$$$'))) {
    throw new RangeError(`rank ${row.rank}: a V2000 molblock that ends in "M  END" is wanted, found ${lines.length} lines`);
  }
  const head = [titleLine(row.id), ...lines.slice(1, end + 1)].join('\n');
  const all = headers(names);
  const values = [
    ...ourValues(row),
    ...names.properties.map((name) => {
      const value = row.properties[name] ?? null;
      return typeof value === 'number' ? round(value) : (value ?? '');
    }),
    ...names.columns.map((name) => row.columns[name] ?? ''),
  ];
  const data = all.flatMap((name, i) => {
    const value = oneLine(values[i]!);
    // An empty line would end the field, so an absent value is an absent field. A leading `>` or `$$$$` would open another.
    return value === '' ? [] : [`>  <${fieldName(name)}>`, /^(>|\$\$\$\$)/.test(value) ? ` ${value}` : value, ''];
  });
  return `${head}\n${data.join('\n')}\n$$$$\n`;
}

/** Records of `ranked.sdf`; a compound without a molblock is left out. */
export function* rankedSdf(rows: Iterable<{ row: TableRow; molblock: string | null }>, names: TableColumns): Generator<string> {
  for (const { row, molblock } of rows) if (molblock !== null) yield sdfRecord(row, molblock, names);
}
