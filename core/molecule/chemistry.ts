import type { MainModule, Mol } from '@rdkit/rdkit';
import rdkitFactory from '@rdkit/rdkit';
import type { Rejection } from '../contracts/ligand.ts';

export type { MainModule as RDKitModule, Mol } from '@rdkit/rdkit';

/** Result of work on one compound: a value, or the reason why this compound (and no other) has none. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly rejection: Rejection };

export interface InputLimits {
  /** Longest SMILES in characters. */
  readonly maxSmilesLength: number;
  /** Most atoms that are not hydrogen. RDKit's parser recurses: chains of 800 atoms overflow its WASM stack, 600 do not. */
  readonly maxHeavyAtoms: number;
  /** Largest mol block in characters. */
  readonly maxMolblockLength: number;
}

export const defaultInputLimits: InputLimits = { maxSmilesLength: 2_000, maxHeavyAtoms: 300, maxMolblockLength: 200_000 };

/**
 * RDKit behind a guard. One hostile row must not spoil the rows after it, so
 * - text that cannot be a structure is refused before RDKit sees it (RDKit itself reads `Cé` as `C`, and dies on long chains);
 * - a molecule never leaves the callback that received it and is freed when the callback ends, whichever way it ends;
 * - when the WASM instance traps, it is dropped, that row is refused with RDKIT_CRASH, and the next row gets a new instance.
 */
export interface Chemistry {
  /** Parses a SMILES and runs `work` on it. `work` must not keep the molecule. Errors thrown by `work` itself are rethrown. */
  withSmiles<T>(smiles: string, work: (molecule: Mol, rdkit: MainModule) => T): Promise<Outcome<T>>;
  /** The same for a V2000 or V3000 mol block. */
  withMolblock<T>(molblock: string, work: (molecule: Mol, rdkit: MainModule) => T): Promise<Outcome<T>>;
  /** How many WASM instances were lost to traps so far. */
  readonly instancesLost: () => number;
  readonly limits: InputLimits;
}

/**
 * Starts RDKit from the bytes of `RDKit_minimal.wasm`.
 *
 * The package is one CommonJS file that, on Node, asks for `require` and `__dirname`, although it needs neither once it has the bytes. Plain Node
 * gives both. An ESM bundle gives neither, so a bundler must be told:
 *   esbuild --format=esm --platform=node
 *     --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
 *     --define:__dirname=import.meta.dirname --define:__filename=import.meta.filename
 * The wasm file is copied beside `index.mjs` and read once per process by the caller, because core reads no files.
 */
export async function loadRDKit(wasmBinary: Uint8Array): Promise<MainModule> {
  // `print` and `printErr` are silenced because RDKit quotes the offending SMILES, and a structure never enters a log.
  return rdkitFactory.default({ wasmBinary, print: () => {}, printErr: () => {} });
}

/** Counts atoms other than [H] in the text of a SMILES without parsing it; never less than the true number for valid SMILES. */
export function countAtomsInText(smiles: string): number {
  let atoms = 0;
  for (let i = 0; i < smiles.length; i++) {
    const code = smiles.charCodeAt(i);
    if (code === 91) {
      const close = smiles.indexOf(']', i);
      if (close < 0) return atoms + 1;
      if (!/^\[\d*H[+-]?\d*\]$/.test(smiles.slice(i, close + 1))) atoms++;
      i = close;
    } else if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 42) {
      atoms++;
      // Cl and Br are one atom of two letters.
      const next = smiles.charCodeAt(i + 1);
      if ((code === 67 && next === 108) || (code === 66 && next === 114)) i++;
    }
  }
  return atoms;
}

const explicitHydrogen = /\[\d*H/;
const smilesAlphabet = /^[A-Za-z0-9@+\-[\]()=#$:/\\.%*~]+$/;

/** Refuses what must not reach RDKit; undefined when the text may be tried. */
export function refuseSmilesText(smiles: string, limits: InputLimits = defaultInputLimits): Rejection | undefined {
  if (smiles.length === 0) return { code: 'EMPTY', message: 'wanted a SMILES, found an empty field' };
  if (smiles.length > limits.maxSmilesLength) {
    return { code: 'TOO_LONG', message: `wanted at most ${limits.maxSmilesLength} characters, found ${smiles.length}` };
  }
  if (!smilesAlphabet.test(smiles)) {
    for (let i = 0; i < smiles.length; i++) {
      const code = smiles.charCodeAt(i);
      const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')} at position ${i + 1}`;
      if (code < 32 || code > 126) return { code: 'NOT_ASCII', message: `wanted printable ASCII, found ${name}` };
      if (!smilesAlphabet.test(smiles[i]!)) {
        return { code: 'INVALID_CHARACTER', message: `wanted the characters of SMILES, found ${name}` };
      }
    }
  }
  const atoms = smiles.length > limits.maxHeavyAtoms ? countAtomsInText(smiles) : 0;
  if (atoms > limits.maxHeavyAtoms) {
    return { code: 'TOO_MANY_ATOMS', message: `wanted at most ${limits.maxHeavyAtoms} heavy atoms, found ${atoms}` };
  }
  return undefined;
}

/** The same for a mol block: size, alphabet, and the atom count that its own counts line announces. */
export function refuseMolblockText(molblock: string, limits: InputLimits = defaultInputLimits): Rejection | undefined {
  if (molblock.trim().length === 0) return { code: 'EMPTY', message: 'wanted a mol block, found an empty record' };
  if (molblock.length > limits.maxMolblockLength) {
    return {
      code: 'TOO_LONG',
      message: `wanted a mol block of at most ${limits.maxMolblockLength} characters, found ${molblock.length}`,
    };
  }
  const lines = molblock.split(/\r\n|\r|\n/);
  const countsLine = lines[3] ?? '';
  let atoms: number;
  if (countsLine.includes('V3000')) {
    const counts = lines.find((line) => /^M {2}V30 COUNTS /.test(line));
    atoms = Number(counts?.trim().split(/\s+/)[3]);
  } else {
    atoms = Number(countsLine.slice(0, 3).trim() || Number.NaN);
  }
  if (!Number.isInteger(atoms)) {
    return {
      code: 'MALFORMED_RECORD',
      message: 'wanted a counts line (V2000 or V3000) as the fourth line of the mol block, found none',
    };
  }
  const isAtomLine = (line: string): boolean =>
    countsLine.includes('V3000') ? /^M {2}V30 \d+ (?!H )\S+ \S+\.\S+ /.test(line) : /^.{31}(?!H )[A-Z][a-z]? /.test(line);
  const heavyAtoms = lines.filter(isAtomLine).length;
  if (heavyAtoms > limits.maxHeavyAtoms || atoms > 4 * limits.maxHeavyAtoms) {
    return {
      code: 'TOO_MANY_ATOMS',
      message: `wanted at most ${limits.maxHeavyAtoms} heavy atoms, found ${Math.max(heavyAtoms, atoms)}`,
    };
  }
  return undefined;
}

/** Puts RDKit behind the guard described at {@link Chemistry}. `load` is called once at first use, and again after each trap. */
export function createChemistry(load: () => Promise<MainModule>, limits: InputLimits = defaultInputLimits): Chemistry {
  let instance: Promise<MainModule> | undefined;
  let lost = 0;

  /** True when the instance still parses; any throw means its memory can no longer be trusted. */
  const isAlive = (rdkit: MainModule): boolean => {
    try {
      const probe = rdkit.get_mol('CCO');
      const alive = probe?.get_smiles() === 'CCO';
      probe?.delete();
      return alive;
    } catch {
      return false;
    }
  };

  async function run<T>(
    text: string,
    what: 'SMILES' | 'mol block',
    work: (molecule: Mol, rdkit: MainModule) => T,
  ): Promise<Outcome<T>> {
    instance ??= load();
    let rdkit: MainModule;
    try {
      rdkit = await instance;
    } catch (error) {
      // A failed start is not the row's fault: it is reported as it is, and the next call tries again.
      instance = undefined;
      throw error;
    }
    let molecule: Mol | null = null;
    try {
      // Merging explicit hydrogens takes a quarter of the time of parsing, and has nothing to do where none is written.
      molecule =
        what === 'SMILES' && !explicitHydrogen.test(text) ? rdkit.get_mol(text, '{"removeHs":false}') : rdkit.get_mol(text);
      if (molecule === null)
        return {
          ok: false,
          rejection: { code: 'UNPARSABLE', message: `wanted a valid structure, but RDKit refused the ${what}` },
        };
      return { ok: true, value: work(molecule, rdkit) };
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError) && isAlive(rdkit)) {
        // C++ exceptions arrive as numbers or WebAssembly.Exception: RDKit's word on this row. Anything else is a bug of the caller's work.
        if (error instanceof Error && !(error instanceof RangeError)) throw error;
        return { ok: false, rejection: { code: 'UNPARSABLE', message: `RDKit raised an error on this ${what}` } };
      }
      lost++;
      instance = undefined;
      molecule = null;
      return {
        ok: false,
        rejection: { code: 'RDKIT_CRASH', message: `RDKit ended on this ${what}; it was started anew for the next row` },
      };
    } finally {
      molecule?.delete();
    }
  }

  return {
    limits,
    instancesLost: () => lost,
    async withSmiles(smiles, work) {
      const rejection = refuseSmilesText(smiles, limits);
      return rejection === undefined ? run(smiles, 'SMILES', work) : { ok: false, rejection };
    },
    async withMolblock(molblock, work) {
      const rejection = refuseMolblockText(molblock, limits);
      return rejection === undefined ? run(molblock, 'mol block', work) : { ok: false, rejection };
    },
  };
}
