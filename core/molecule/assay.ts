import { InvalidAssay, InvalidLibrary } from '../contracts/errors.ts';
import type { AssayCompound, AssayQuantity, PkRelation, RejectedRow } from '../contracts/ligand.ts';
import type { Chemistry } from './chemistry.ts';
import type { LibraryItem, LibraryRow } from './library.ts';
import { createLibraryReader } from './library.ts';
import { standardiseSmiles } from './standardise.ts';

export type ConcentrationUnit = 'pX' | 'M' | 'mM' | 'uM' | 'nM' | 'pM';

/** Where the columns of a labelled table are and what they mean; the campaign's `assay` section, or a superset of it. */
export interface AssayOptions {
  readonly smilesColumn?: string | undefined;
  readonly idColumn?: string | undefined;
  readonly valueColumn: string;
  /** Unit of every value; a unit written in the cell (`5 nM`) or in `unitColumn` goes before it. */
  readonly unit: ConcentrationUnit;
  readonly unitColumn?: string | undefined;
  readonly relationColumn?: string | undefined;
  readonly quantityColumn?: string | undefined;
  /** The quantity to train on; without it the one with most compounds. Where no column names the quantity, all values are this one, or IC50. */
  readonly quantity?: AssayQuantity | undefined;
}

/** How many rows or compounds each rule touched; the keys are the rules of {@link readAssay}. */
export type AssayRule =
  | 'rowsRead'
  | 'rowsRejected'
  | 'rowsOfOtherQuantity'
  | 'rowsMergedAsReplicates'
  | 'rowsDroppedAsContradiction'
  | 'compoundsDroppedAsContradiction'
  | 'boundsDroppedBesideMeasurement'
  | 'compoundsCensored'
  | 'compounds';

export interface AssayTable {
  readonly quantity: AssayQuantity;
  readonly compounds: AssayCompound[];
  readonly rules: Record<AssayRule, number>;
  readonly rejected: RejectedRow[];
}

/** Replicates further apart than this contradict each other: ten times the concentration, beyond any assay's noise. */
export const MAX_REPLICATE_SPREAD_PK = 1;
/** Values given to two decimals must not fail by the sixteenth. */
const ROUNDING_PK = 1e-9;

/** pK values outside are typing errors or wrong units: 10 mol/L and 0.1 attomol/L. */
const PK_RANGE = { min: -1, max: 16 } as const;

/**
 * Reads a table of measured affinities and applies these rules, in this order. All values become pK = -log10(quantity in mol/L).
 *
 * | rule | what happens |
 * |---|---|
 * | missing value | row rejected, MISSING_VALUE |
 * | relation | from its column or before the number. `=`, `~`, nothing: measured. `<`, `<=`: below; `>`, `>=`: above. For a concentration the side is turned round, since a larger IC50 is a smaller pK. Else UNKNOWN_RELATION |
 * | unit | in the cell, else the unit column, else the option: M, mM, uM (µM), nM, pM, or pX for pIC50, pKi, pKd. Else UNKNOWN_UNIT |
 * | number | decimal point or exponent; a concentration above 0; pK between -1 and 16. Else INVALID_VALUE |
 * | quantity | IC50, Ki or Kd (or with p in front). Else UNKNOWN_QUANTITY |
 * | structure | standardised as every ligand is; what is refused there is rejected here under the same code |
 * | mixed quantities | IC50, Ki and Kd are never compared: the campaign's choice is used, else the one with most compounds; other rows rejected, OTHER_QUANTITY |
 * | replicates | rows of one compound: mean pK, sample standard deviation, count |
 * | contradiction | replicates more than 1.0 apart, a bound more than 1.0 on the wrong side of the mean, or bounds on both sides: compound dropped, its rows rejected, CONTRADICTION |
 * | bound beside measurement | the measurement is kept, the bound dropped |
 * | bounds only | the tightest is kept, with its side |
 *
 * throws InvalidAssay when the table as a whole cannot be used: no text, no such column, not one usable row
 */
export async function readAssay(bytes: Uint8Array, options: AssayOptions, chemistry: Chemistry): Promise<AssayTable> {
  const items = readRows(bytes, options);
  const rejected: RejectedRow[] = [];
  const measurements: Measurement[] = [];
  for (const item of items) {
    const outcome =
      item.kind === 'rejected' ? { code: item.code, message: item.message } : await measure(item, options, chemistry);
    if ('smiles' in outcome) measurements.push(outcome);
    else rejected.push({ row: item.row, id: item.id, code: outcome.code, message: outcome.message });
  }
  const groups = new Map<AssayQuantity, Map<string, Measurement[]>>();
  for (const measurement of measurements) {
    const compounds = groups.get(measurement.quantity) ?? new Map<string, Measurement[]>();
    groups.set(measurement.quantity, compounds);
    const rows = compounds.get(measurement.smiles);
    if (rows === undefined) compounds.set(measurement.smiles, [measurement]);
    else rows.push(measurement);
  }
  const quantity = chooseQuantity(groups, options, items.length);
  const rules: Record<AssayRule, number> = {
    rowsRead: items.length,
    rowsRejected: rejected.length,
    rowsOfOtherQuantity: 0,
    rowsMergedAsReplicates: 0,
    rowsDroppedAsContradiction: 0,
    compoundsDroppedAsContradiction: 0,
    boundsDroppedBesideMeasurement: 0,
    compoundsCensored: 0,
    compounds: 0,
  };
  for (const measurement of measurements) {
    if (measurement.quantity === quantity) continue;
    rules.rowsOfOtherQuantity++;
    const message = `wanted ${quantity}, the quantity that this table is used for, found ${measurement.quantity}`;
    rejected.push({ row: measurement.row, id: measurement.id, code: 'OTHER_QUANTITY', message });
  }
  const compounds: AssayCompound[] = [];
  for (const rows of groups.get(quantity)!.values()) {
    const merged = mergeRows(rows);
    if (typeof merged === 'string') {
      rules.compoundsDroppedAsContradiction++;
      rules.rowsDroppedAsContradiction += rows.length;
      for (const { row, id } of rows) rejected.push({ row, id, code: 'CONTRADICTION', message: merged });
      continue;
    }
    rules.rowsMergedAsReplicates += merged.compound.replicates - 1;
    rules.boundsDroppedBesideMeasurement += merged.boundsDropped;
    if (merged.compound.relation !== '=') rules.compoundsCensored++;
    compounds.push(merged.compound);
  }
  rules.compounds = compounds.length;
  rejected.sort((a, b) => a.row - b.row);
  if (compounds.length === 0)
    throw new InvalidAssay(`wanted at least one usable compound with ${quantity}, found none in ${items.length} rows`);
  return { quantity, compounds, rules, rejected };
}

interface Measurement {
  readonly row: number;
  readonly id: string;
  readonly smiles: string;
  readonly quantity: AssayQuantity;
  readonly relation: PkRelation;
  readonly pK: number;
}

function readRows(bytes: Uint8Array, options: AssayOptions): LibraryItem[] {
  try {
    const reader = createLibraryReader('csv', { smilesColumn: options.smilesColumn, idColumn: options.idColumn });
    const items = [...reader.push(bytes), ...reader.end()];
    const names = reader.columnNames();
    for (const wanted of [options.valueColumn, options.unitColumn, options.relationColumn, options.quantityColumn]) {
      if (wanted !== undefined && !names.includes(wanted)) {
        throw new InvalidAssay(
          `wanted a column named ${JSON.stringify(wanted)}, found ${names.map((name) => JSON.stringify(name)).join(', ')}`,
        );
      }
    }
    if (items.length === 0) throw new InvalidAssay('wanted at least one labelled compound below the header, found none');
    return items;
  } catch (error) {
    if (error instanceof InvalidLibrary) throw new InvalidAssay(error.message, { cause: error });
    throw error;
  }
}

const unitNames: ReadonlyMap<string, ConcentrationUnit> = new Map([
  ['m', 'M'],
  ['mol/l', 'M'],
  ['molar', 'M'],
  ['mm', 'mM'],
  ['um', 'uM'],
  ['µm', 'uM'],
  ['μm', 'uM'],
  ['umol/l', 'uM'],
  ['nm', 'nM'],
  ['nmol/l', 'nM'],
  ['pm', 'pM'],
  ['px', 'pX'],
  ['pic50', 'pX'],
  ['pki', 'pX'],
  ['pkd', 'pX'],
]);
const exponentOf: Readonly<Record<Exclude<ConcentrationUnit, 'pX'>, number>> = { M: 0, mM: 3, uM: 6, nM: 9, pM: 12 };

const relationNames: ReadonlyMap<string, PkRelation> = new Map<string, PkRelation>([
  ['', '='],
  ['=', '='],
  ['==', '='],
  ['~', '='],
  ['≈', '='],
  ['<', '<'],
  ['<=', '<'],
  ['=<', '<'],
  ['≤', '<'],
  ['<<', '<'],
  ['>', '>'],
  ['>=', '>'],
  ['=>', '>'],
  ['≥', '>'],
  ['>>', '>'],
]);

const quantityNames: ReadonlyMap<string, AssayQuantity> = new Map<string, AssayQuantity>([
  ['ic50', 'IC50'],
  ['pic50', 'IC50'],
  ['ki', 'Ki'],
  ['pki', 'Ki'],
  ['kd', 'Kd'],
  ['pkd', 'Kd'],
]);

type RowProblem = Pick<RejectedRow, 'code' | 'message'>;

/** One row through all rules that need no other row. */
async function measure(row: LibraryRow, options: AssayOptions, chemistry: Chemistry): Promise<Measurement | RowProblem> {
  const label = readLabel(row.columns, options);
  if ('code' in label) return label;
  const outcome = await standardiseSmiles(row.text, chemistry);
  if (!outcome.ok) return outcome.rejection;
  return { row: row.row, id: row.id, smiles: outcome.value.smiles, ...label };
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 40));

/** Value, relation and quantity of one row, as pK. */
export function readLabel(
  columns: Readonly<Record<string, string>>,
  options: AssayOptions,
): { readonly pK: number; readonly relation: PkRelation; readonly quantity: AssayQuantity } | RowProblem {
  const cell = (columns[options.valueColumn] ?? '').trim();
  if (cell === '' || /^(?:na|n\/a|nan|null|none|nd|-)$/i.test(cell))
    return { code: 'MISSING_VALUE', message: `wanted a value, found ${quote(cell)}` };
  const parts = /^([<>=~≤≥≈]*)\s*([^\sa-zA-Zµμ]+(?:[eE][+-]?\d+)?)\s*(\D*.*)$/.exec(cell);
  const [, prefix = '', digits = '', suffix = ''] = parts ?? [];
  if (parts === null || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits)) {
    return { code: 'INVALID_VALUE', message: `wanted a number with a decimal point, found ${quote(cell)}` };
  }
  const written = (options.relationColumn === undefined ? '' : (columns[options.relationColumn] ?? ''))
    .trim()
    .replace(/^'(.*)'$/, '$1');
  const inColumn = relationNames.get(written);
  const inCell = relationNames.get(prefix);
  if (inColumn === undefined || inCell === undefined) {
    return {
      code: 'UNKNOWN_RELATION',
      message: `wanted =, ~, <, <=, > or >=, found ${quote(inColumn === undefined ? written : prefix)}`,
    };
  }
  if (inColumn !== '=' && inCell !== '=' && inColumn !== inCell) {
    return {
      code: 'UNKNOWN_RELATION',
      message: `wanted one relation, found ${quote(written)} in its column and ${quote(prefix)} before the value`,
    };
  }
  const unitText = suffix.trim() || (options.unitColumn === undefined ? '' : (columns[options.unitColumn] ?? '').trim());
  const unit = unitText === '' ? options.unit : unitNames.get(unitText.toLowerCase());
  if (unit === undefined) return { code: 'UNKNOWN_UNIT', message: `wanted M, mM, uM, nM, pM or pX, found ${quote(unitText)}` };
  const named = options.quantityColumn === undefined ? undefined : (columns[options.quantityColumn] ?? '').trim();
  const quantity =
    named === undefined ? (options.quantity ?? 'IC50') : quantityNames.get(named.toLowerCase().replace(/[\s_]/g, ''));
  if (quantity === undefined) return { code: 'UNKNOWN_QUANTITY', message: `wanted IC50, Ki or Kd, found ${quote(named ?? '')}` };
  const value = Number(digits);
  if (unit !== 'pX' && !(value > 0))
    return { code: 'INVALID_VALUE', message: `wanted a concentration above 0, found ${quote(cell)}` };
  const pK = unit === 'pX' ? value : exponentOf[unit] - Math.log10(value);
  if (!(pK >= PK_RANGE.min && pK <= PK_RANGE.max)) {
    return {
      code: 'INVALID_VALUE',
      message: `wanted a pK between ${PK_RANGE.min} and ${PK_RANGE.max}, found ${pK.toFixed(2)} from ${quote(cell)} as ${unit}`,
    };
  }
  const given = inColumn === '=' ? inCell : inColumn;
  return { pK, relation: unit === 'pX' ? given : turned[given], quantity };
}

const turned: Readonly<Record<PkRelation, PkRelation>> = { '=': '=', '<': '>', '>': '<' };

function chooseQuantity(
  groups: ReadonlyMap<AssayQuantity, ReadonlyMap<string, unknown>>,
  options: AssayOptions,
  rows: number,
): AssayQuantity {
  const found = (['IC50', 'Ki', 'Kd'] as const).filter((quantity) => groups.has(quantity));
  if (found.length === 0) throw new InvalidAssay(`wanted at least one usable row, found none among ${rows}`);
  if (options.quantity !== undefined) {
    if (groups.has(options.quantity)) return options.quantity;
    throw new InvalidAssay(`wanted values of ${options.quantity}, as the campaign says, found only ${found.join(' and ')}`);
  }
  return found.reduce((best, quantity) => (groups.get(quantity)!.size > groups.get(best)!.size ? quantity : best));
}

/** Rows of one compound and one quantity as one label, or the reason why they contradict each other. */
function mergeRows(rows: readonly Measurement[]): { compound: AssayCompound; boundsDropped: number } | string {
  const { id, smiles, quantity } = rows[0]!;
  const measured = rows.filter((row) => row.relation === '=').map((row) => row.pK);
  const lower = rows.filter((row) => row.relation === '>').map((row) => row.pK);
  const upper = rows.filter((row) => row.relation === '<').map((row) => row.pK);
  if (measured.length > 0) {
    const spread = Math.max(...measured) - Math.min(...measured);
    if (spread > MAX_REPLICATE_SPREAD_PK + ROUNDING_PK)
      return `wanted replicates within ${MAX_REPLICATE_SPREAD_PK} pK, found ${spread.toFixed(2)} between them`;
    const mean = measured.reduce((sum, pK) => sum + pK, 0) / measured.length;
    const violation = Math.max(...lower.map((bound) => bound - mean), ...upper.map((bound) => mean - bound), 0);
    if (violation > MAX_REPLICATE_SPREAD_PK + ROUNDING_PK)
      return `wanted bounds that allow the measured ${mean.toFixed(2)}, found one ${violation.toFixed(2)} beyond it`;
    const squares = measured.reduce((sum, pK) => sum + (pK - mean) ** 2, 0);
    const sdPk = measured.length > 1 ? Math.sqrt(squares / (measured.length - 1)) : 0;
    return {
      compound: { id, smiles, pK: mean, relation: '=', quantity, replicates: measured.length, sdPk },
      boundsDropped: lower.length + upper.length,
    };
  }
  if (lower.length > 0 && upper.length > 0)
    return `wanted a measurement or bounds on one side, found pK above ${Math.max(...lower).toFixed(2)} and below ${Math.min(...upper).toFixed(2)}`;
  const relation: PkRelation = lower.length > 0 ? '>' : '<';
  const pK = lower.length > 0 ? Math.max(...lower) : Math.min(...upper);
  return { compound: { id, smiles, pK, relation, quantity, replicates: rows.length, sdPk: 0 }, boundsDropped: 0 };
}
