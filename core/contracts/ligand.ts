import { z } from 'zod';

/**
 * Why a row of a library or an assay table was not used. One code per reason; the message beside it says what was wanted and what was found.
 * The first group is found before any chemistry, the second by it, the third when rows are compared or labels are read.
 */
export const RejectionCode = z.enum([
  'EMPTY',
  'NOT_ASCII',
  'INVALID_CHARACTER',
  'TOO_LONG',
  'TOO_MANY_ATOMS',
  'TOO_FEW_COLUMNS',
  'MALFORMED_RECORD',
  'RECORD_TOO_LONG',
  'UNPARSABLE',
  'RDKIT_CRASH',
  'NO_CARBON',
  'MIXTURE',
  'UNSUPPORTED_ELEMENT',
  'WILDCARD_ATOM',
  'DUPLICATE',
  'MISSING_VALUE',
  'INVALID_VALUE',
  'UNKNOWN_UNIT',
  'UNKNOWN_RELATION',
  'UNKNOWN_QUANTITY',
  'CONTRADICTION',
  'OTHER_QUANTITY',
]);
export type RejectionCode = z.infer<typeof RejectionCode>;

export const Rejection = z.strictObject({ code: RejectionCode, message: z.string() });
export type Rejection = z.infer<typeof Rejection>;

/** A row that was refused: its number (1 = first data record), the user's id and the reason. The SMILES itself is not repeated here. */
export const RejectedRow = z.strictObject({ row: z.int().min(1), id: z.string(), code: RejectionCode, message: z.string() });
export type RejectedRow = z.infer<typeof RejectedRow>;

/** What standardisation did to a compound; free of structure, so it may be counted and logged. */
export const StandardisationNote = z.enum([
  'SALT_REMOVED',
  'REPEATED_FRAGMENT_REMOVED',
  'CHARGE_NEUTRALISED',
  'PERMANENT_CHARGE_KEPT',
  'ISOTOPE_REMOVED',
]);
export type StandardisationNote = z.infer<typeof StandardisationNote>;

/** A compound in the one form that the whole workflow uses; how it is reached is told in `core/molecule/standardise.ts`. */
export const StandardLigand = z.strictObject({
  /** RDKit canonical isomeric SMILES of the kept fragment. */
  smiles: z.string().min(1),
  heavyAtoms: z.int().min(1),
  /** Names where a name is known, else the fragment's SMILES; one entry per removed copy. */
  removedFragments: z.array(z.string()),
  notes: z.array(StandardisationNote),
});
export type StandardLigand = z.infer<typeof StandardLigand>;

/** A ligand of a library: the standard form with the user's id, row and remaining columns, passed through untouched. */
export const Ligand = StandardLigand.extend({
  id: z.string(),
  row: z.int().min(1),
  columns: z.record(z.string(), z.string()),
});
export type Ligand = z.infer<typeof Ligand>;

/** What was measured. Quantities are never mixed in one comparison. */
export const AssayQuantity = z.enum(['IC50', 'Ki', 'Kd']);
export type AssayQuantity = z.infer<typeof AssayQuantity>;

/** Relation of the true pK to the given one: '>' means that the compound binds tighter than measured. */
export const PkRelation = z.enum(['=', '<', '>']);
export type PkRelation = z.infer<typeof PkRelation>;

/** A labelled compound after the rules of `core/molecule/assay.ts`. */
export const AssayCompound = z.strictObject({
  id: z.string(),
  smiles: z.string().min(1),
  /** -log10 of the quantity in mol/L: the mean over replicates, or the bound where `relation` is not '='. */
  pK: z.number(),
  relation: PkRelation,
  quantity: AssayQuantity,
  replicates: z.int().min(1),
  /** Sample standard deviation over replicates, 0 where there is one. */
  sdPk: z.number().min(0),
});
export type AssayCompound = z.infer<typeof AssayCompound>;
