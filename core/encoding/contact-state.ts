/**
 * What a posed compound touches, as one amplitude state on six qubits: how much of which interaction at which distance.
 *
 *   x_{t,s} = sqrt(w_{t,s}),   psi = x / r,   r = |x|,   w_{t,s} = sum_{i,j} a_t(i) b_t(j) k_s(d_ij)^2
 *
 * over ligand atoms i and pocket atoms j, a_t and b_t their strengths in type t (`STRENGTHS`), d_ij their distance in Å.
 *
 * registers   qubits 0 … 2: the type t; qubits 3 … 5: the shell s; index = 8 t + s. psi^2 is a histogram that a chemist can read
 * shells      eight of 1 Å between 2 and 10 Å, centres c_s = 2.5 … 9.5. A pair is itself a small state over two neighbouring shells:
 *             k_s = cos(f π/2), k_{s+1} = sin(f π/2), f = d - c_s; below 2.5 Å it is all in the first shell, and from 9.5 Å on it fades,
 *             k_7 = cos(π (d - 9.5)), to nothing at 10 Å. So x is a length of a vector of smooth amplitudes: it changes with a slope of at
 *             most π per Å and root of a pair, at every border. Sharp shells, or shares that fade linearly, would let the last bit of a
 *             distance show in the eighth digit of an amplitude
 * invariance  exact by construction under rotations, translations and any order of the atoms. Mirror images of the whole complex are
 *             one state too, since only distances enter; a mirrored ligand in the same pocket is another
 * limits      angles of hydrogen bonds and tilts of rings are not looked at
 */
import { type ContactAtom, halogenDonors, metalElements } from './contact-atoms.ts';

export const interactionTypes = [
  'hydrophobic',
  'donor-acceptor',
  'acceptor-donor',
  'salt bridge',
  'stacking',
  'cation-pi',
  'halogen',
  'metal or covalent',
] as const;
export type InteractionType = (typeof interactionTypes)[number];

/**
 * Borders of the shells, Å: a choice that holds both ends. Heavy atoms that share no bond keep 2 Å and more between them, and the longest
 * distance at which PLIP still sees an interaction, between rings, is 5.5 to 7.5 Å by version (Salentin et al. 2015, Nucleic Acids Res.
 * 43:W443); what lies beyond is the shape of the pocket.
 */
export const shellEdgesAngstrom = [2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

export const CONTACT_QUBITS = 6;
const SHELLS = shellEdgesAngstrom.length - 1;
const FIRST_CENTRE = (shellEdgesAngstrom[0] + shellEdgesAngstrom[1]) / 2;
const LAST_CENTRE = (shellEdgesAngstrom[7] + shellEdgesAngstrom[8]) / 2;
const REACH = shellEdgesAngstrom[8];
/** With less contact than this, rounding of the coordinates would show in psi above 1e-10. */
const SMALLEST_CONTACT = 1e-6;
/** An aromatic atom is a sixth of a ring, so that a pair of benzene rings counts as one contact. */
const RING_SHARE = 1 / 6;

/**
 * Strength of a ligand atom and of a pocket atom in each type; the contact is their product, the first word of a type being the ligand's.
 * Charges count as given, so a carboxylate with half a charge on each oxygen is one charge. Salt bridges and cation-π contacts have two
 * ways round, each a row.
 */
const STRENGTHS: readonly [InteractionType, (atom: ContactAtom) => number, (atom: ContactAtom) => number][] = [
  ['hydrophobic', ({ hydrophobic }) => Number(hydrophobic), ({ hydrophobic }) => Number(hydrophobic)],
  ['donor-acceptor', ({ donor }) => Number(donor), ({ acceptor }) => Number(acceptor)],
  ['acceptor-donor', ({ acceptor }) => Number(acceptor), ({ donor }) => Number(donor)],
  ['salt bridge', positive, negative],
  ['salt bridge', negative, positive],
  ['stacking', ring, ring],
  ['cation-pi', positive, ring],
  ['cation-pi', ring, positive],
  ['halogen', ({ element }) => Number(halogenDonors.has(element)), ({ acceptor }) => Number(acceptor)],
  ['metal or covalent', ({ acceptor }) => Number(acceptor), ({ element }) => Number(metalElements.has(element))],
  ['metal or covalent', ({ reactive }) => Number(reactive), ({ reactive }) => Number(reactive)],
];

export interface EncodedContacts {
  /** psi [64], not negative, norm 1. */
  amplitudes: Float64Array;
  /** r: the square root of the number of contacts. */
  norm: number;
}

export function contactIndex(type: InteractionType, shell: number): number {
  return SHELLS * interactionTypes.indexOf(type) + shell;
}

/**
 * The contacts w [64] themselves, by `contactIndex`: how many, pairs counted as `STRENGTHS` says.
 *
 * cost    one pass over all pairs of atoms that have a part in any type
 * throws  RangeError for a coordinate or a charge that is not finite, with the atom's place counted from 1
 */
export function contactHistogram(ligand: readonly ContactAtom[], pocket: readonly ContactAtom[]): Float64Array {
  checkAtoms('ligand', ligand);
  checkAtoms('pocket', pocket);
  const histogram = new Float64Array(2 ** CONTACT_QUBITS);
  for (const [type, ofLigand, ofPocket] of STRENGTHS) {
    const mine = withStrength(ligand, ofLigand);
    const theirs = withStrength(pocket, ofPocket);
    const shells = histogram.subarray(contactIndex(type, 0), contactIndex(type, SHELLS));
    for (const { atom: a, strength: left } of mine) {
      for (const { atom: b, strength: right } of theirs) {
        addPair(shells, Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z), left * right);
      }
    }
  }
  return histogram;
}

/** Throws RangeError where nothing touches: a pose without contacts has no state, and a made-up one would look like a pose. */
export function encodeContacts(ligand: readonly ContactAtom[], pocket: readonly ContactAtom[]): EncodedContacts {
  return encodeHistogram(contactHistogram(ligand, pocket));
}

/** shapes  histogram [64], not negative; throws RangeError for another one, or for one without contacts */
export function encodeHistogram(histogram: Float64Array): EncodedContacts {
  if (histogram.length !== 2 ** CONTACT_QUBITS || histogram.some((contacts) => !(contacts >= 0 && Number.isFinite(contacts)))) {
    throw new RangeError(`wanted ${2 ** CONTACT_QUBITS} numbers of contacts, none below 0, found ${histogram.length}`);
  }
  const total = histogram.reduce((sum, contacts) => sum + contacts, 0);
  if (!(total > SMALLEST_CONTACT)) {
    throw new RangeError(`no contact within ${REACH} Å between ligand and pocket: the pose has no contact state`);
  }
  return { amplitudes: histogram.map((contacts) => Math.sqrt(contacts / total)), norm: Math.sqrt(total) };
}

/** The contacts back from their state: w = (r psi)^2 [64]. */
export function decodeContacts({ amplitudes, norm }: EncodedContacts): Float64Array {
  return amplitudes.map((amplitude) => (norm * amplitude) ** 2);
}

/** Adds one pair at a distance in Å to the shells [8] of its type. */
function addPair(shells: Float64Array, distance: number, contacts: number): void {
  if (distance >= REACH) return;
  if (distance >= LAST_CENTRE) {
    const fade = (distance - LAST_CENTRE) / (REACH - LAST_CENTRE);
    shells[SHELLS - 1]! += contacts * Math.cos((fade * Math.PI) / 2) ** 2;
    return;
  }
  const place = Math.max(0, distance - FIRST_CENTRE);
  const shell = Math.floor(place);
  const turn = ((place - shell) * Math.PI) / 2;
  // Not 1 - sin^2: what that rounds away would show in the eighth digit of an amplitude.
  shells[shell]! += contacts * Math.cos(turn) ** 2;
  shells[shell + 1]! += contacts * Math.sin(turn) ** 2;
}

function withStrength(atoms: readonly ContactAtom[], strengthOf: (atom: ContactAtom) => number) {
  return atoms.map((atom) => ({ atom, strength: strengthOf(atom) })).filter(({ strength }) => strength > 0);
}

function positive({ charge }: ContactAtom): number {
  return Math.max(0, charge);
}

function negative({ charge }: ContactAtom): number {
  return Math.max(0, -charge);
}

function ring({ aromatic }: ContactAtom): number {
  return aromatic ? RING_SHARE : 0;
}

function checkAtoms(whose: string, atoms: readonly ContactAtom[]): void {
  for (const [i, { x, y, z, charge }] of atoms.entries()) {
    if (![x, y, z, charge].every(Number.isFinite)) {
      throw new RangeError(
        `atom ${i + 1} of the ${whose}: coordinates and charge must be finite, found ${x}, ${y}, ${z}; ${charge}`,
      );
    }
  }
}
