/**
 * What RDKit makes of one row, as a line of text: the standard form, and after a tab the form without stereo where it differs; or `!` and the code of
 * the rejection.
 */
import type { RejectionCode } from '../../core/contracts/ligand.ts';
import type { Chemistry } from '../../core/molecule/chemistry.ts';
import { standardiseSmiles } from '../../core/molecule/standardise.ts';

export type Form =
  | { readonly ok: true; readonly smiles: string; readonly flat: string }
  | { readonly ok: false; readonly code: RejectionCode };

/** The line of one compound. Two stereoisomers have the same form without stereo, which is also that of the compound drawn without. */
export async function formLine(smiles: string, chemistry: Chemistry): Promise<string> {
  const outcome = await standardiseSmiles(smiles, chemistry);
  if (!outcome.ok) return `!${outcome.rejection.code}`;
  const form = outcome.value.smiles;
  if (!/[@/\\]/.test(form)) return form;
  const flat = await chemistry.withSmiles(form, (molecule) => molecule.get_smiles('{"doIsomericSmiles":false}'));
  return flat.ok ? `${form}\t${flat.value}` : `!${flat.rejection.code}`;
}

export function readFormLine(line: string): Form {
  if (line.startsWith('!')) return { ok: false, code: line.slice(1) as RejectionCode };
  const tab = line.indexOf('\t');
  return tab < 0 ? { ok: true, smiles: line, flat: line } : { ok: true, smiles: line.slice(0, tab), flat: line.slice(tab + 1) };
}
