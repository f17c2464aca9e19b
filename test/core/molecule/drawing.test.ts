import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findAlerts, structuralAlerts } from '../../../core/molecule/alerts.ts';
import { drawMolecule, escapeXml } from '../../../core/molecule/drawing.ts';
import { nodeChemistry } from '../../support/chemistry.ts';

const chemistry = nodeChemistry();

describe('drawMolecule', () => {
  test('gives one SVG element of the wanted size without styles, scripts or links', async () => {
    const drawn = await drawMolecule('CC(=O)Nc1ccc(O)cc1', { widthPx: 240, heightPx: 160 }, chemistry, 'LIB-1');
    if (!drawn.ok) throw new Error(drawn.rejection.message);
    expect(drawn.value).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" role="img" width="240" height="160" viewBox="0 0 240 160"><title>LIB-1<\/title>/,
    );
    expect(drawn.value.endsWith('</svg>')).toBe(true);
    expect(drawn.value.match(/<path/g)!.length).toBeGreaterThan(10);
    expect(drawn.value).toContain('stroke-width="2.0px"');
    expect(drawn.value).not.toMatch(/style=|<script|href|<!--|<\?xml/);
  });

  test('escapes a hostile title', async () => {
    const drawn = await drawMolecule('CCO', { widthPx: 100, heightPx: 100 }, chemistry, '</title><script>alert("x")</script>');
    expect(drawn.ok && drawn.value).toContain('<title>&lt;/title&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</title>');
  });

  test('passes a refusal on and wants a sensible size', async () => {
    expect(await drawMolecule('C1CC', { widthPx: 100, heightPx: 100 }, chemistry)).toMatchObject({
      ok: false,
      rejection: { code: 'UNPARSABLE' },
    });
    await expect(drawMolecule('C', { widthPx: 1e6, heightPx: 100 }, chemistry)).rejects.toThrow('found 1000000');
  });
});

describe('escapeXml', () => {
  test('leaves nothing that opens a tag, an attribute or an entity', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeXml(text)).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
      }),
    );
  });
});

describe('findAlerts', () => {
  test.each([
    ['acyl halide', 'CC(=O)Cl'],
    ['sulfonyl halide', 'CS(=O)(=O)Cl'],
    ['anhydride', 'CC(=O)OC(C)=O'],
    ['isocyanate or isothiocyanate', 'S=C=Nc1ccccc1'],
    ['aldehyde', 'O=Cc1ccccc1'],
    ['epoxide, aziridine or thiirane', 'C1CO1'],
    ['alkyl bromide or iodide', 'CCBr'],
    ['alpha-halo carbonyl', 'O=C(CCl)Nc1ccccc1'],
    ['acrylamide, enone or vinyl sulfone', 'C=CC(=O)Nc1ccccc1'],
    ['maleimide', 'CN1C(=O)C=CC1=O'],
    ['quinone', 'O=C1C=CC(=O)C=C1'],
    ['ortho-quinone', 'O=C1C(=O)C=CC=C1'],
    ['catechol', 'Oc1ccccc1O'],
    ['rhodanine', 'O=C1CSC(=S)N1'],
    ['ylidene rhodanine', 'O=C1NC(=S)SC1=Cc1ccccc1'],
    ['hydroxyphenyl hydrazone', 'Oc1ccccc1C=NNC'],
    ['alkylidene barbiturate', 'CC=C1C(=O)NC(=O)NC1=O'],
    ['azo', 'c1ccc(N=Nc2ccccc2)cc1'],
    ['para-aminophenol Mannich base', 'CN(C)Cc1ccccc1O'],
    ['thiol', 'CCS'],
    ['disulfide', 'CSSC'],
    ['peroxide', 'COOC'],
    ['nitro arene', 'O=[N+]([O-])c1ccccc1'],
    ['primary aniline', 'Nc1ccccc1'],
    ['nitroso', 'CN(C)N=O'],
    ['hydrazine', 'CNNC'],
    ['azide or diazo', 'CN=[N+]=[N-]'],
    ['nitrogen mustard', 'CN(CCCl)CCCl'],
    ['beta-lactone', 'O=C1CCO1'],
    ['thiocarbonyl', 'CC(N)=S'],
  ])('finds %s in %s', async (name, smiles) => {
    const found = await findAlerts(smiles, chemistry);
    expect(found.ok && found.value.map((alert) => alert.name)).toContain(name);
  });

  test('has an example above for each alert, and a reason for each', () => {
    expect(structuralAlerts).toHaveLength(30);
    for (const { name, reason } of structuralAlerts) expect(reason.length, name).toBeGreaterThan(5);
  });

  test.each(['CC(=O)Nc1ccc(O)cc1', 'CC(C)Cc1ccc(C(C)C(=O)O)cc1', 'Cn1c(=O)c2c(ncn2C)n(C)c1=O', 'c1ccc(CN2CCNCC2)cc1'])(
    'finds nothing in %s',
    async (smiles) => {
      expect(await findAlerts(smiles, chemistry)).toEqual({ ok: true, value: [] });
    },
  );
});
