import { amplitudeEncodingOf, complexState, fidelity, type Random, seeded, simulate } from '@qefm/quantum';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ContactAtom, pocketAtom } from '../../../core/encoding/contact-atoms.ts';
import {
  contactHistogram,
  contactIndex,
  decodeContacts,
  encodeContacts,
  encodeHistogram,
  type InteractionType,
  interactionTypes,
} from '../../../core/encoding/contact-state.ts';
import { readComplex } from './posed-complex.ts';

const complex = readComplex();
const crystal = encodeContacts(complex.ligand, complex.pocket);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

function atom(x: number, roles: Partial<ContactAtom> = {}): ContactAtom {
  const none = { hydrophobic: false, donor: false, acceptor: false, aromatic: false, reactive: false };
  return { element: 'C', x, y: 0, z: 0, charge: 0, ...none, ...roles };
}

/** Atoms of every role at random places, close enough to touch. */
function randomAtoms(random: Random, count: number): ContactAtom[] {
  const elements = ['C', 'N', 'O', 'Cl', 'Zn'];
  const toss = () => random.uniform() < 0.5;
  return Array.from({ length: count }, () => ({
    element: elements[random.integer(elements.length)]!,
    x: 4 * random.normal(),
    y: 4 * random.normal(),
    z: 4 * random.normal(),
    charge: random.integer(3) - 1,
    ...{ hydrophobic: toss(), donor: toss(), acceptor: toss(), aromatic: toss(), reactive: toss() },
  }));
}

type Move = (atom: ContactAtom) => ContactAtom;

/** A rotation drawn evenly from all of them: a unit quaternion of four normal numbers. source: Marsaglia 1972, Ann. Math. Stat. 43:645 */
function randomRotation(random: Random): Move {
  const drawn = Array.from({ length: 4 }, () => random.normal());
  const [w, i, j, k] = drawn.map((value) => value / Math.hypot(...drawn)) as [number, number, number, number];
  return (one) => ({
    ...one,
    x: (1 - 2 * (j * j + k * k)) * one.x + 2 * (i * j - k * w) * one.y + 2 * (i * k + j * w) * one.z,
    y: 2 * (i * j + k * w) * one.x + (1 - 2 * (i * i + k * k)) * one.y + 2 * (j * k - i * w) * one.z,
    z: 2 * (i * k - j * w) * one.x + 2 * (j * k + i * w) * one.y + (1 - 2 * (i * i + j * j)) * one.z,
  });
}

function randomShift(random: Random): Move {
  const [a, b, c] = [0, 0, 0].map(() => 200 * (random.uniform() - 0.5)) as [number, number, number];
  return (one) => ({ ...one, x: one.x + a, y: one.y + b, z: one.z + c });
}

const mirror: Move = (one) => ({ ...one, x: -one.x });

function difference(a: Float64Array, b: Float64Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

/** Holds psi and r of a complex against those of the moved one, for the crystal pose and for random atoms of all roles. */
function expectSame(
  change: (atoms: ContactAtom[], move: Move, random: Random) => ContactAtom[],
  moveOf: (random: Random) => Move,
) {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = seeded(seed);
      const move = moveOf(random);
      for (const [ligand, pocket] of [
        [complex.ligand, complex.pocket],
        [randomAtoms(random, 12), randomAtoms(random, 30)],
      ] as const) {
        const before = encodeContacts(ligand, pocket);
        const after = encodeContacts(change([...ligand], move, random), change([...pocket], move, random));
        expect(difference(before.amplitudes, after.amplitudes)).toBeLessThan(1e-10);
        expect(Math.abs(before.norm - after.norm)).toBeLessThan(1e-10);
      }
    }),
    { numRuns: 30 },
  );
}

describe('encodeContacts', () => {
  test('is the same to 1e-10 under every rotation', () => {
    expectSame((atoms, move) => atoms.map(move), randomRotation);
  });

  test('is the same to 1e-10 under every translation', () => {
    expectSame((atoms, move) => atoms.map(move), randomShift);
  });

  test('is the same to 1e-10 in every order of the atoms', () => {
    expectSame(
      (atoms, _, random) => random.shuffled(atoms),
      () => (one) => one,
    );
  });

  test('is the same to 1e-10 for pairs at every border of a shell, moved by rounding', () => {
    for (let half = 4; half <= 20; half++) {
      for (const delta of [-1e-13, 0, 1e-13]) {
        const at = (d: number) =>
          encodeContacts([atom(0, { donor: true })], [atom(3, { acceptor: true }), atom(d, { acceptor: true })]);
        expect(difference(at(half / 2).amplitudes, at(half / 2 + delta).amplitudes)).toBeLessThan(1e-10);
      }
    }
  });

  test('is the same for the mirror image of the whole complex, and another one for the mirrored ligand alone', () => {
    const both = encodeContacts(complex.ligand.map(mirror), complex.pocket.map(mirror));
    expect(difference(crystal.amplitudes, both.amplitudes)).toBeLessThan(1e-10);
    // The enantiomer laid onto the ligand by its own mirror plane through the centre of its atoms.
    const middle = complex.ligand.reduce((sum, { x }) => sum + x, 0) / complex.ligand.length;
    const enantiomer = complex.ligand.map((one) => ({ ...one, x: 2 * middle - one.x }));
    const other = encodeContacts(enantiomer, complex.pocket);
    expect(difference(crystal.amplitudes, other.amplitudes)).toBeGreaterThan(1e-3);
  });

  test('has norm 1, no negative amplitude, and gives its contacts back to 1e-12', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seeded(seed);
        const ligand = randomAtoms(random, 10);
        const pocket = randomAtoms(random, 20);
        const encoded = encodeContacts(ligand, pocket);
        expect(encoded.amplitudes).toHaveLength(64);
        expect(encoded.amplitudes.every((value) => value >= 0)).toBe(true);
        expect(Math.abs(encoded.amplitudes.reduce((sum, value) => sum + value * value, 0) - 1)).toBeLessThan(1e-12);
        const histogram = contactHistogram(ligand, pocket);
        const scale = Math.max(...histogram);
        expect(difference(decodeContacts(encoded), histogram)).toBeLessThan(1e-12 * scale);
        expect(difference(encodeHistogram(histogram).amplitudes, encoded.amplitudes)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test('check 3: has the same state for c times the contacts, and another norm: a raw head cannot count, one that reads r can', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 1e-2, max: 1e2, noNaN: true }), (seed, c) => {
        const random = seeded(seed);
        const histogram = contactHistogram(randomAtoms(random, 10), randomAtoms(random, 20));
        const once = encodeHistogram(histogram);
        const more = encodeHistogram(histogram.map((contacts) => c * contacts));
        expect(difference(once.amplitudes, more.amplitudes)).toBeLessThan(1e-12);
        expect(Math.abs(more.norm / (Math.sqrt(c) * once.norm) - 1)).toBeLessThan(1e-12);
      }),
      { numRuns: 30 },
    );
  });

  test('is loaded by its circuit with a fidelity of 1 to 1e-12', () => {
    const loaded = simulate(amplitudeEncodingOf(crystal.amplitudes));
    expect(Math.abs(fidelity(loaded, complexState(crystal.amplitudes)) - 1)).toBeLessThan(1e-12);
  });

  test('shares a pair between the two shells around it, and lets it fade from 9.5 to 10 Å', () => {
    const shellsAt = (d: number) =>
      contactHistogram([atom(0, { donor: true })], [atom(d, { acceptor: true })]).subarray(
        contactIndex('donor-acceptor', 0),
        contactIndex('donor-acceptor', 8),
      );
    const expected = (pairs: Record<number, number>) => Array.from({ length: 8 }, (_, s) => pairs[s] ?? 0);
    const cases: [number, Record<number, number>][] = [
      [1.8, { 0: 1 }],
      [2.5, { 0: 1 }],
      [3, { 0: 0.5, 1: 0.5 }],
      [3.5, { 1: 1 }],
      [2.5 + 1 / 3, { 0: 0.75, 1: 0.25 }],
      [9.5, { 7: 1 }],
      [9.75, { 7: 0.5 }],
      [10, {}],
      [12, {}],
    ];
    for (const [d, pairs] of cases) {
      for (const [s, share] of expected(pairs).entries()) expect(shellsAt(d)[s], `${d} Å, shell ${s}`).toBeCloseTo(share, 12);
    }
    // Next to a centre the root of what is left behind is still right to 1e-10: it is no difference of two numbers near 1.
    expect(Math.abs(Math.sqrt(shellsAt(3.5 - 1e-8)[0]!) - (Math.PI / 2) * 1e-8)).toBeLessThan(1e-10);
  });

  test('moves by at most π per Å for one pair', () => {
    const at = (d: number) => contactHistogram([atom(0, { donor: true })], [atom(d, { acceptor: true })]).map(Math.sqrt);
    const step = 1e-4;
    for (let d = 1.5; d < 10.5; d += 0.01) {
      const here = at(d);
      const moved = at(d + step).map((value, i) => (value - here[i]!) / step);
      expect(Math.hypot(...moved)).toBeLessThan(Math.PI + 1e-3);
    }
  });

  test('tells all eight types apart, the first word being the role of the ligand', () => {
    const cases: [Partial<ContactAtom>, Partial<ContactAtom>, InteractionType, number][] = [
      [{ hydrophobic: true }, { hydrophobic: true }, 'hydrophobic', 1],
      [{ donor: true }, { acceptor: true }, 'donor-acceptor', 1],
      [{ acceptor: true }, { donor: true }, 'acceptor-donor', 1],
      [{ charge: 1 }, { charge: -0.5 }, 'salt bridge', 0.5],
      [{ charge: -1 }, { charge: 1 }, 'salt bridge', 1],
      [{ aromatic: true }, { aromatic: true }, 'stacking', 1 / 36],
      [{ charge: 1 }, { aromatic: true }, 'cation-pi', 1 / 6],
      [{ aromatic: true }, { charge: 1 }, 'cation-pi', 1 / 6],
      [{ element: 'Br' }, { acceptor: true }, 'halogen', 1],
      [{ acceptor: true }, { element: 'Zn' }, 'metal or covalent', 1],
      [{ reactive: true }, { reactive: true }, 'metal or covalent', 1],
    ];
    for (const [mine, theirs, type, contacts] of cases) {
      const histogram = contactHistogram([atom(0, mine)], [atom(3.5, theirs)]);
      expect(histogram[contactIndex(type, 1)], type).toBeCloseTo(contacts, 12);
      expect(
        histogram.reduce((sum, value) => sum + value, 0),
        type,
      ).toBeCloseTo(contacts, 12);
    }
    const silent: [Partial<ContactAtom>, Partial<ContactAtom>][] = [
      [{ charge: 1 }, { charge: 1 }],
      [{ charge: -1 }, { aromatic: true }],
      [{ element: 'F' }, { acceptor: true }],
      [{ donor: true }, { donor: true }],
      [{ element: 'H' }, { element: 'O' }],
    ];
    for (const [mine, theirs] of silent) expect(Math.max(...contactHistogram([atom(0, mine)], [atom(3.5, theirs)]))).toBe(0);
  });

  test('finds in the crystal pose the salt bridge of the amidinium with the catalytic aspartates', () => {
    const { ligand, pocket } = complex;
    const cation = ligand.filter(({ charge }) => charge > 0);
    const anions = pocket.filter(({ charge }) => charge < 0);
    const nearest = Math.min(
      ...anions.map((one) => Math.hypot(one.x - cation[0]!.x, one.y - cation[0]!.y, one.z - cation[0]!.z)),
    );
    expect(cation).toHaveLength(1);
    expect(nearest).toBeLessThan(4);
    const contacts = decodeContacts(crystal);
    const of = (type: InteractionType) => contacts.slice(contactIndex(type, 0), contactIndex(type, 8));
    expect(of('salt bridge')[0]! + of('salt bridge')[1]!).toBeGreaterThan(0.5);
    expect(Math.max(...of('hydrophobic').slice(0, 3))).toBeGreaterThan(1);
    expect(Math.max(...of('metal or covalent'))).toBe(0);
    expect(interactionTypes).toHaveLength(8);
  });

  test('refuses a pose that touches nothing, and coordinates that are no numbers', () => {
    const far = complex.ligand.map((one) => ({ ...one, x: one.x + 1000 }));
    expect(() => encodeContacts(far, complex.pocket)).toThrow(/no contact within 10 Å/);
    expect(() => encodeContacts([], complex.pocket)).toThrow(/no contact within 10 Å/);
    expect(() => encodeContacts([atom(0), atom(Number.NaN)], complex.pocket)).toThrow(/atom 2 of the ligand/);
    expect(() => encodeHistogram(new Float64Array(63))).toThrow(/wanted 64/);
    expect(() => encodeHistogram(new Float64Array(64).fill(-1))).toThrow(/none below 0/);
  });
});

describe('pocketAtom', () => {
  const of = (residue: string, name: string, element = name[0]!) => pocketAtom({ residue, name, element, x: 1, y: 2, z: 3 });

  test('shares a charge among the atoms that carry it', () => {
    const sum = (residue: string, names: string[]) => names.reduce((total, name) => total + of(residue, name).charge, 0);
    expect(sum('ASP', ['CG', 'OD1', 'OD2'])).toBe(-1);
    expect(sum('GLU', ['CD', 'OE1', 'OE2'])).toBe(-1);
    expect(sum('ARG', ['NE', 'CZ', 'NH1', 'NH2'])).toBeCloseTo(1, 12);
    expect(of('LYS', 'NZ').charge).toBe(1);
    expect(of('HIS', 'ND1').charge).toBe(0);
  });

  test('knows backbone, water, metals and hydrogens', () => {
    expect(of('ALA', 'N')).toMatchObject({ donor: true, acceptor: false, x: 1, y: 2, z: 3 });
    expect(of('PRO', 'N').donor).toBe(false);
    expect(of('GLY', 'O')).toMatchObject({ donor: false, acceptor: true });
    expect(of('HOH', 'O')).toMatchObject({ donor: true, acceptor: true });
    expect(of('ZN', 'ZN', 'Zn')).toMatchObject({ element: 'Zn', charge: 0, donor: false });
    const { element, x, y, z, ...roles } = of('SER', 'HG', 'H');
    expect([element, x, y, z]).toEqual(['H', 1, 2, 3]);
    expect(Object.values(roles).every((role) => !role)).toBe(true);
  });

  test('refuses a residue it has no roles for', () => {
    expect(() => of('UNL', 'C1')).toThrow(/residue UNL/);
    expect(() => of('toString', 'C1')).toThrow(/residue toString/);
  });
});
