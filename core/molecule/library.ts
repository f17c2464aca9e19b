import { InvalidLibrary } from '../contracts/errors.ts';
import type { RejectedRow } from '../contracts/ligand.ts';
import type { FileRecord, LibraryFormat } from './records.ts';
import { createRecordSplitter, isBlank } from './records.ts';

/** One compound as the file gives it, before any chemistry. */
export interface LibraryRow {
  readonly kind: 'row';
  /** 1 = first data record; blank lines are not counted. */
  readonly row: number;
  readonly id: string;
  /** A SMILES, or a mol block with its line breaks. */
  readonly notation: 'smiles' | 'molblock';
  readonly text: string;
  /** The remaining columns or data fields, untouched. */
  readonly columns: Readonly<Record<string, string>>;
}

export type LibraryItem = LibraryRow | ({ readonly kind: 'rejected' } & RejectedRow);

export interface LibraryReaderOptions {
  /** Column that holds the SMILES; without it the usual names are tried. Letter case is ignored. */
  readonly smilesColumn?: string | undefined;
  /** Column or data field that holds the id; without it the usual names are tried, then the title, then the row number. */
  readonly idColumn?: string | undefined;
  /** Number of the first data record, for a shard that does not start the file. */
  readonly firstRow?: number;
}

export interface LibraryReader {
  push(chunk: Uint8Array): LibraryItem[];
  end(): LibraryItem[];
  /** Names of the columns of a table, known after its header. */
  columnNames(): readonly string[];
}

const usualSmilesNames = ['smiles', 'canonical_smiles', 'isomeric_smiles', 'smi', 'structure', 'molecule', 'cxsmiles'];
const usualIdNames = [
  'id',
  'compound_id',
  'compound id',
  'molecule_chembl_id',
  'chembl_id',
  'catalog_id',
  'catalog id',
  'idnumber',
  'name',
  'title',
  'cid',
];

/**
 * Reads a compound library piece by piece: chunks of any size go in, rows come out as soon as they are complete. Each row stands alone: what is
 * wrong with one is said in an item of kind `rejected` and costs no other. Memory does not grow with the file.
 *
 * csv    any delimiter of , ; tab |, quoted fields with line breaks, a header with the SMILES column; rows may be short, not long
 * smi    SMILES, then blank or tab, then id and further tab columns; an optional header line beginning with the word smiles; # starts a comment line
 * sdf    V2000 and V3000 records with data fields
 * text   UTF-8 or UTF-16 with or without byte order mark; a row that is not UTF-8 is read as Windows-1252
 *
 * throws InvalidLibrary for the whole file: no text, no record, no SMILES column
 */
export function createLibraryReader(format: LibraryFormat, options: LibraryReaderOptions = {}): LibraryReader {
  const splitter = createRecordSplitter(format);
  let next = options.firstRow ?? 1;
  let table: TableLayout | undefined;
  let started = false;
  let sawRecord = false;

  const read = (record: FileRecord): LibraryItem | undefined => {
    if (isBlank(record.bytes)) return undefined;
    sawRecord = true;
    if (record.damage !== undefined) {
      started = true;
      const row = next++;
      return record.damage === 'TOO_LONG'
        ? rejected(row, '', 'RECORD_TOO_LONG', 'wanted a record of at most 256 kB (SD file: 4 MB), found a longer one')
        : rejected(row, '', 'MALFORMED_RECORD', 'wanted a quoted field that closes, found a quote that stays open');
    }
    const text = decodeText(record.bytes);
    if (format === 'sdf') return readSdfRecord(text, next++, options);
    const line = text.replace(/[\r\n]+$/, '');
    if (format === 'smi') {
      if (line.startsWith('#')) return undefined;
      const first = !started;
      started = true;
      const fields = line.includes('\t') ? line.split('\t') : splitOnBlank(line);
      if (first && usualSmilesNames.includes(fields[0]!.trim().toLowerCase())) {
        table = layOut(fields, { ...options, smilesColumn: fields[0]!.trim() });
        return undefined;
      }
      return readSmilesLine(fields, next++, table);
    }
    if (table === undefined) {
      table = layOut(splitDelimited(line, splitter.delimiter()), options);
      started = true;
      return undefined;
    }
    return readTableRow(splitDelimited(line, splitter.delimiter()), next++, table);
  };
  const readAll = (records: FileRecord[]): LibraryItem[] => {
    const items: LibraryItem[] = [];
    for (const record of records) {
      const item = read(record);
      if (item !== undefined) items.push(item);
    }
    return items;
  };
  return {
    push: (chunk) => readAll(splitter.push(chunk)),
    end() {
      const items = readAll(splitter.end());
      if (!sawRecord) throw new InvalidLibrary('wanted a library with at least one compound, found an empty file');
      return items;
    },
    columnNames: () => table?.names ?? [],
  };
}

const rejected = (row: number, id: string, code: RejectedRow['code'], message: string): LibraryItem => ({
  kind: 'rejected',
  row,
  id,
  code,
  message,
});

const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** Decodes one record; an 8-bit code is assumed only where UTF-8 is impossible, so ids with accents survive old exports. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return windows1252.decode(bytes);
  }
}

interface TableLayout {
  readonly names: readonly string[];
  readonly smilesIndex: number;
  readonly idIndex: number;
}

function layOut(header: readonly string[], options: LibraryReaderOptions): TableLayout {
  const names: string[] = [];
  for (const [i, raw] of header.entries()) {
    let name = raw.trim() || `column_${i + 1}`;
    for (let copy = 2; names.includes(name); copy++) name = `${raw.trim()} (${copy})`;
    names.push(name);
  }
  const find = (wanted: string | undefined, usual: readonly string[]): number => {
    const lower = names.map((name) => name.toLowerCase());
    if (wanted !== undefined) return names.includes(wanted) ? names.indexOf(wanted) : lower.indexOf(wanted.toLowerCase());
    for (const name of usual) if (lower.includes(name)) return lower.indexOf(name);
    return -1;
  };
  const found = `found ${names.map((name) => JSON.stringify(name.slice(0, 40))).join(', ')}`;
  const smilesIndex = find(options.smilesColumn, usualSmilesNames);
  if (smilesIndex < 0) {
    throw new InvalidLibrary(`wanted a header with a column named ${JSON.stringify(options.smilesColumn ?? 'smiles')}, ${found}`);
  }
  const idIndex = find(options.idColumn, usualIdNames);
  if (options.idColumn !== undefined && idIndex < 0) {
    throw new InvalidLibrary(`wanted a header with a column named ${JSON.stringify(options.idColumn)}, ${found}`);
  }
  return { names, smilesIndex, idIndex };
}

/** Fields of one delimited record; doubled quotes inside quoted fields become one. */
export function splitDelimited(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = '';
      let close = at + 1;
      for (;;) {
        const quote = line.indexOf('"', close);
        if (quote < 0) {
          field += line.slice(close);
          close = line.length;
          break;
        }
        field += line.slice(close, quote);
        close = quote + 1;
        if (line[close] !== '"') break;
        field += '"';
        close++;
      }
      const end = line.indexOf(delimiter, close);
      fields.push(field + line.slice(close, end < 0 ? line.length : end));
      if (end < 0) return fields;
      at = end + delimiter.length;
    } else {
      const end = line.indexOf(delimiter, at);
      fields.push(line.slice(at, end < 0 ? line.length : end));
      if (end < 0) return fields;
      at = end + delimiter.length;
    }
  }
}

function readTableRow(fields: readonly string[], row: number, layout: TableLayout): LibraryItem {
  const { names, smilesIndex, idIndex } = layout;
  const id = (idIndex >= 0 ? cleanId(fields[idIndex] ?? '') : '') || `row-${row}`;
  if (fields.length > names.length && fields.slice(names.length).some((field) => field.trim() !== '')) {
    return rejected(row, id, 'MALFORMED_RECORD', `wanted ${names.length} fields as in the header, found ${fields.length}`);
  }
  if (smilesIndex >= fields.length) {
    return rejected(row, id, 'TOO_FEW_COLUMNS', `wanted the SMILES in field ${smilesIndex + 1}, found ${fields.length} fields`);
  }
  const columns: Record<string, string> = {};
  for (const [i, name] of names.entries()) if (i !== smilesIndex && i !== idIndex) columns[name] = fields[i] ?? '';
  return { kind: 'row', row, id, notation: 'smiles', text: fields[smilesIndex]!.trim(), columns };
}

/** `C1CC1 |extension| name with blanks` becomes SMILES and name; the CXSMILES extension is not read. */
function splitOnBlank(line: string): string[] {
  const match = /^\s*(\S+)(?:\s+(?:\|[^|]*\|\s*)?(.*))?$/s.exec(line);
  return match === null ? [line] : [match[1]!, match[2] ?? ''];
}

function readSmilesLine(fields: readonly string[], row: number, layout: TableLayout | undefined): LibraryItem {
  const id = cleanId(fields[layout !== undefined && layout.idIndex > 0 ? layout.idIndex : 1] ?? '') || `row-${row}`;
  const columns: Record<string, string> = {};
  for (let i = 1; i < fields.length; i++) {
    const isId = layout !== undefined && layout.idIndex > 0 ? i === layout.idIndex : i === 1;
    if (!isId) columns[layout?.names[i] ?? `column_${i + 1}`] = fields[i]!.trim();
  }
  return { kind: 'row', row, id, notation: 'smiles', text: fields[0]!.trim(), columns };
}

function readSdfRecord(text: string, row: number, options: LibraryReaderOptions): LibraryItem {
  const lines = text.split(/\r\n|\r|\n/);
  const blockEnd = lines.findIndex((line) => line.startsWith('M  END'));
  const title = cleanId(lines[0] ?? '');
  if (blockEnd < 0)
    return rejected(row, title || `row-${row}`, 'MALFORMED_RECORD', 'wanted a mol block that ends with "M  END", found none');
  const columns: Record<string, string> = {};
  for (let i = blockEnd + 1; i < lines.length && !lines[i]!.startsWith('$$$$'); i++) {
    const field = /^>.*<(.*)>/.exec(lines[i]!);
    if (field === null) continue;
    const values: string[] = [];
    while (i + 1 < lines.length && lines[i + 1] !== '' && !lines[i + 1]!.startsWith('$$$$')) values.push(lines[++i]!);
    columns[field[1]!] = values.join('\n');
  }
  const names = Object.keys(columns);
  const wanted = options.idColumn?.toLowerCase();
  const idName =
    wanted !== undefined
      ? names.find((name) => name.toLowerCase() === wanted)
      : title === ''
        ? usualIdNames.flatMap((usual) => names.filter((name) => name.toLowerCase() === usual))[0]
        : undefined;
  let id = title;
  if (idName !== undefined) {
    id = cleanId(columns[idName]!);
    delete columns[idName];
  }
  return {
    kind: 'row',
    row,
    id: id || `row-${row}`,
    notation: 'molblock',
    text: lines.slice(0, blockEnd + 1).join('\n'),
    columns,
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be removed
const controlOrBlank = /[\u0000-\u001F\u007F-\u009F\s]+/g;

/** Ids go into tables, pages and file names: control characters become blanks, 200 characters are enough. */
function cleanId(text: string): string {
  return text.replace(controlOrBlank, ' ').trim().slice(0, 200);
}
