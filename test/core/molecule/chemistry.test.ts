import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  countAtomsInText,
  createChemistry,
  defaultInputLimits,
  refuseMolblockText,
  refuseSmilesText,
} from '../../../core/molecule/chemistry.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { golden } from './golden.ts';

/** Lets everything reach RDKit, as if there were no check before it. */
const unguarded = { maxSmilesLength: 1e9, maxHeavyAtoms: 1e9, maxMolblockLength: 1e9 };

describe('createChemistry', () => {
  test('writes the canonical SMILES that Python RDKit writes, and refuses what it refuses', async () => {
    const chemistry = nodeChemistry();
    expect(golden.length).toBeGreaterThan(500);
    for (const { input, canonical } of golden) {
      const outcome = await chemistry.withSmiles(input, (molecule) => molecule.get_smiles());
      expect(outcome.ok ? outcome.value : null, input).toBe(canonical);
    }
  });

  test.each([
    ['', 'EMPTY'],
    ['C\u00e9', 'NOT_ASCII'],
    ['C\u0000C', 'NOT_ASCII'],
    ['CCO name', 'INVALID_CHARACTER'],
    ['CC;O', 'INVALID_CHARACTER'],
    ['C'.repeat(2_001), 'TOO_LONG'],
    ['C'.repeat(301), 'TOO_MANY_ATOMS'],
    ['C(C)(C)(C)(C)C', 'UNPARSABLE'],
    ['c1cccc1', 'UNPARSABLE'],
    ['CC(C', 'UNPARSABLE'],
    ['C1CC', 'UNPARSABLE'],
    ['hello', 'UNPARSABLE'],
  ])('refuses %j as %s', async (smiles, code) => {
    const outcome = await nodeChemistry().withSmiles(smiles, (molecule) => molecule.get_smiles());
    expect(outcome).toMatchObject({ ok: false, rejection: { code } });
  });

  test('loses only the row that kills RDKit, in the middle of a list', async () => {
    const chemistry = nodeChemistry(unguarded);
    const codes: string[] = [];
    for (const smiles of ['CCO', 'c1ccccc1', 'C'.repeat(2_000), 'CCN', 'CC(=O)O']) {
      const outcome = await chemistry.withSmiles(smiles, (molecule) => molecule.get_smiles());
      codes.push(outcome.ok ? outcome.value : outcome.rejection.code);
    }
    expect(codes).toEqual(['CCO', 'c1ccccc1', 'RDKIT_CRASH', 'CCN', 'CC(=O)O']);
    expect(chemistry.instancesLost()).toBe(1);
  });

  test('keeps chains of the allowed length from harming RDKit', async () => {
    const chemistry = nodeChemistry();
    for (const smiles of [
      'C'.repeat(300),
      `C${'(C'.repeat(299)}${')'.repeat(299)}`,
      'C(=O)N'.repeat(100),
      `${'C1'.repeat(150)}${'C1'.repeat(150)}`,
    ]) {
      await chemistry.withSmiles(smiles, (molecule) => molecule.get_smiles());
    }
    expect(chemistry.instancesLost()).toBe(0);
    expect(await chemistry.withSmiles('CCO', (molecule) => molecule.get_smiles())).toEqual({ ok: true, value: 'CCO' });
  });

  test('frees each molecule, also when the work on it throws', async () => {
    const chemistry = nodeChemistry();
    let kept: { isDeleted(): boolean } | undefined;
    await chemistry.withSmiles('CCO', (molecule) => {
      kept = molecule;
    });
    expect(kept?.isDeleted()).toBe(true);
    const failing = chemistry.withSmiles('CCO', (molecule) => {
      kept = molecule;
      throw new Error('work failed');
    });
    await expect(failing).rejects.toThrow('work failed');
    expect(kept?.isDeleted()).toBe(true);
    expect(chemistry.instancesLost()).toBe(0);
  });

  test('tries a failed start again at the next row', async () => {
    let starts = 0;
    const chemistry = createChemistry(async () => {
      starts++;
      throw new Error(`start ${starts} failed`);
    });
    await expect(chemistry.withSmiles('C', () => 1)).rejects.toThrow('start 1 failed');
    await expect(chemistry.withSmiles('C', () => 1)).rejects.toThrow('start 2 failed');
  });

  test('survives any text and says nothing about it on the console', async () => {
    const chemistry = nodeChemistry();
    const spies = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
    const token = fc.constantFrom(
      ...'CNOPSFIBcnos[]()=#-+@/\\.%123456*HXé\n\t "',
      'Cl',
      'Br',
      '[nH]',
      '[NH3+]',
      '[Fe]',
      '[2H]',
      '->',
      '|',
      'C%12',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(token, { maxLength: 40 }).map((parts) => parts.join('')),
        ),
        async (text) => {
          const outcome = await chemistry.withSmiles(text, (molecule) => molecule.get_smiles());
          expect(typeof (outcome.ok ? outcome.value : outcome.rejection.code)).toBe('string');
        },
      ),
      { numRuns: 400 },
    );
    expect(chemistry.instancesLost()).toBe(0);
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  test('survives any mol block', async () => {
    const chemistry = nodeChemistry();
    const line = fc.constantFrom(
      '',
      '  3  2  0',
      '  2  1  0  0  0  0  0  0  0  0999 V2000',
      '    0.0000    0.0000    0.0000 C   0  0',
      '  1  2  1  0',
      'M  END',
      'M  V30 BEGIN CTAB',
      '  0  0  0     0  0            999 V3000',
      'M  V30 COUNTS 1 0 0 0 0',
      'garbage',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
        const outcome = await chemistry.withMolblock(lines.join('\n'), (molecule) => molecule.get_smiles());
        expect(typeof outcome.ok).toBe('boolean');
      }),
      { numRuns: 200 },
    );
    expect(await chemistry.withSmiles('CCO', (molecule) => molecule.get_smiles())).toEqual({ ok: true, value: 'CCO' });
  });
});

describe('refuseSmilesText', () => {
  test('names the character and its place', () => {
    expect(refuseSmilesText('CC\u00b5')?.message).toContain('U+00B5 at position 3');
    expect(refuseSmilesText('CC O')?.message).toContain('U+0020 at position 3');
  });

  test('counts at least the heavy atoms that RDKit finds', async () => {
    const chemistry = nodeChemistry();
    for (const { input, canonical } of golden) {
      if (canonical === null) continue;
      const heavy = await chemistry.withSmiles(input, (molecule) => molecule.get_num_atoms(true));
      if (heavy.ok) expect(countAtomsInText(input), input).toBeGreaterThanOrEqual(heavy.value);
    }
  });
});

describe('refuseMolblockText', () => {
  test('wants a counts line and refuses one that announces too many atoms', () => {
    expect(refuseMolblockText('a\nb\nc\nd\n')?.code).toBe('MALFORMED_RECORD');
    expect(refuseMolblockText('\n \n\n')?.code).toBe('EMPTY');
    expect(refuseMolblockText(`\n\n\n  0  0  0     0  0            999 V3000\nM  V30 COUNTS 90000 0 0 0 0\n`)?.code).toBe(
      'TOO_MANY_ATOMS',
    );
    expect(refuseMolblockText('x'.repeat(defaultInputLimits.maxMolblockLength + 1))?.code).toBe('TOO_LONG');
  });
});

describe('loadRDKit', () => {
  test('works inside one ESM bundle with the wasm file beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qefm-bundle-'));
    try {
      const source = fileURLToPath(new URL('../../../core/molecule/chemistry.ts', import.meta.url));
      writeFileSync(
        join(folder, 'entry.ts'),
        `import { readFileSync } from 'node:fs';
         import { createChemistry, loadRDKit } from ${JSON.stringify(source)};
         const bytes = readFileSync(new URL('./RDKit_minimal.wasm', import.meta.url));
         const outcome = await createChemistry(() => loadRDKit(bytes)).withSmiles('OCC', (molecule) => molecule.get_smiles());
         process.stdout.write(JSON.stringify(outcome));`,
      );
      await build({
        entryPoints: [join(folder, 'entry.ts')],
        outfile: join(folder, 'index.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node24',
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
        define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
        nodePaths: [fileURLToPath(new URL('../../../node_modules', import.meta.url))],
        logLevel: 'error',
      });
      copyFileSync(createRequire(import.meta.url).resolve('@rdkit/rdkit/RDKit_minimal.wasm'), join(folder, 'RDKit_minimal.wasm'));
      const output = execFileSync(process.execPath, [join(folder, 'index.mjs')], { encoding: 'utf8' });
      expect(JSON.parse(output)).toEqual({ ok: true, value: 'CCO' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
