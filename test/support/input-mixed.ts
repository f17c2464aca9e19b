/** One library and one assay with every kind of bad row, each row beside what is to be said about it. */
import { baceRows } from './input-cloud.ts';

/** Real compounds without labels in the assays here. */
export const goodCompounds = baceRows(12, 7);
export const goodRows = goodCompounds.map(({ smiles }, i) => `good-${i + 1},${smiles},kept,7`);
export const HOSTILE_ID = `<img src=x onerror="alert('id')">`;
const HOSTILE_COLUMN = '<script>alert("column")</script>';
export const mixedTitle = '<b onclick=alert(1)>title</b> & "co"';
/** Each line is one row of the file; what is said about it stands beside it. */
export const mixedRows: readonly { line: string; code: string | null; latin1?: true }[] = [
  { line: goodRows[0]!, code: null },
  { line: 'broken,CC(=O)Oc1ccccc1C(=O)O(,,', code: 'UNPARSABLE' },
  { line: 'empty,,,', code: 'EMPTY' },
  { line: 'cyrillic,CC\u041e,,', code: 'NOT_ASCII' },
  { line: `too-long,${'CC(C)'.repeat(500)},,`, code: 'TOO_LONG' },
  { line: goodRows[1]!, code: null },
  { line: `poison,${'C'.repeat(900)},,`, code: 'TOO_MANY_ATOMS' },
  { line: goodRows[2]!, code: null },
  { line: 'salt,[Na+].[O-]C(=O)c1ccccc1OC(C)=O,,', code: null },
  { line: 'double,OC(=O)c1ccccc1OC(=O)C,,', code: 'DUPLICATE' },
  { line: `"two, lines","CCOC(=O)c1ccc(N)cc1","first line\nsecond ""line""",7`, code: null },
  { line: `"${HOSTILE_ID.replaceAll('"', '""')}",CCOC(=O)c1ccc(O)cc1,<i>x</i>,=1+2`, code: null },
  { line: '=HYPERLINK(1),CC(=O)Nc1ccc(O)cc1,,', code: null },
  { line: '$$$$,CN1C=NC2=C1C(=O)N(C)C(=O)N2C,> <id>,', code: null },
  { line: 'caf\u00e9,CC(C)Cc1ccc(cc1)C(C)C(=O)O,na\u00efve,', code: null, latin1: true },
  { line: 'short', code: 'TOO_FEW_COLUMNS' },
  { line: 'wide,CCO,a,b,c,d', code: 'MALFORMED_RECORD' },
  { line: 'mixture,c1ccc2ccccc2c1.O=C(O)c1ccc2ccccc2c1,,', code: 'MIXTURE' },
  { line: 'metal,C[Pt](C)(C)CCCCC,,', code: 'UNSUPPORTED_ELEMENT' },
  { line: 'water,O,,', code: 'NO_CARBON' },
  { line: 'any,*CCO,,', code: 'WILDCARD_ATOM' },
  { line: 'exclaim,CC!O,,', code: 'INVALID_CHARACTER' },
  ...goodRows.slice(3).map((line) => ({ line, code: null })),
];
/** UTF-8 with a byte order mark, and one row that is not UTF-8. */
export const mixedLibrary = Buffer.concat([
  Buffer.from(`\ufeffid,smiles,${HOSTILE_COLUMN.replaceAll('"', '').replaceAll(',', '')},note\r\n`),
  ...mixedRows.map(({ line, latin1 }) => Buffer.from(`${line}\r\n`, latin1 ? 'latin1' : 'utf8')),
]);
export const hostileColumn = HOSTILE_COLUMN.replaceAll('"', '');

/** The measured rows; the lines after them each break or bend a rule. */
export const plainLabels = baceRows(60, 3);
const extra = baceRows(9, 11).map(({ smiles }) => smiles);
const nM = (pIC50: number) => (10 ** (9 - pIC50)).toPrecision(6);
const line = (id: string, smiles: string, relation: string, value: string, type: string) =>
  [id, smiles, relation, value, type].join(',');
export const assayLines = [
  ...plainLabels.map(({ id, smiles, pIC50 }) => line(id, smiles, '=', nM(pIC50), 'IC50')),
  line('replicate', plainLabels[0]!.smiles, '=', nM(plainLabels[0]!.pIC50 + 0.2), 'IC50'),
  line('contradiction', plainLabels[1]!.smiles, '=', nM(plainLabels[1]!.pIC50 + 2), 'IC50'),
  line('bound-beside', plainLabels[2]!.smiles, '<', '1000000', 'IC50'),
  line('weak', extra[0]!, '>', '100000', 'IC50'),
  line('strong', extra[1]!, '<', '0.5', 'IC50'),
  line('micromolar', extra[2]!, '', '0.25 uM', 'IC50'),
  line('pic50', extra[3]!, '', '7.25 pIC50', 'IC50'),
  line('ki', extra[4]!, '=', '12', 'Ki'),
  line('ki-too', plainLabels[3]!.smiles, '=', '12', 'Ki'),
  line('no-value', extra[5]!, '=', 'n/a', 'IC50'),
  line('zero', extra[5]!, '=', '0', 'IC50'),
  line('word', extra[5]!, '=', '12 bananas', 'IC50'),
  line('relation', extra[5]!, '?', '12', 'IC50'),
  line('quantity', extra[5]!, '=', '12', 'EC50'),
  line('comma', extra[5]!, '=', '"1,5"', 'IC50'),
  line('broken', 'C1CC', '=', '12', 'IC50'),
];
export const mixedAssay = ['id,smiles,relation,value,type', ...assayLines, ''].join('\n');

export const mixedAssayColumns = {
  valueColumn: 'value',
  unit: 'nM',
  relationColumn: 'relation',
  quantityColumn: 'type',
  quantity: undefined,
};
