import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ReportFacts, type ReportFactsInput } from '../../../core/contracts/report.ts';
import { contentPolicy, renderReport } from '../../../core/report/html.ts';
import { measureLabel } from '../../../core/report/sections-results.ts';
import { styleSheet } from '../../../core/report/style.ts';
import { sampleCompound, sampleFacts } from './sample-facts.ts';

const sha256 = (text: string) => new Uint8Array(createHash('sha256').update(text).digest());
const render = (facts: ReportFactsInput) => renderReport(ReportFacts.parse(facts), { sha256 });

/** Every tag of a page, in order, attributes included. */
const tagsOf = (page: string) => page.replace(/<style>[\s\S]*?<\/style>/, '').match(/<[a-z/!][^>]*>/gi) ?? [];

function checkBalance(page: string): string[] {
  const empty = new Set(['meta', 'img', 'br', 'line', 'circle', 'rect', 'path', 'polygon', '!doctype']);
  const open: string[] = [];
  const problems: string[] = [];
  for (const tag of tagsOf(page)) {
    const name = /^<\/?([!a-z0-9]+)/i.exec(tag)![1]!.toLowerCase();
    if (empty.has(name)) continue;
    if (!tag.startsWith('</')) open.push(name);
    else if (open.pop() !== name) problems.push(tag);
  }
  return [...problems, ...open];
}

const bare: ReportFactsInput = (() => {
  const {
    headline,
    ranking,
    training,
    audit,
    quantum,
    dynamics,
    rejectedLibrary,
    rejectedAssay,
    assayRules,
    timings,
    library,
    labelledCount,
    ...rest
  } = sampleFacts();
  return { ...rest, bill: { ...rest.bill, lines: [] }, manifest: { ...rest.manifest, devices: [], model: null } };
})();

describe('renderReport', () => {
  const page = render(sampleFacts());

  test('says the verdict first, then the honest sentence, then the numbers', () => {
    const verdict = page.indexOf('Whether the quantum head helps is undecided');
    const honest = page.indexOf('cannot have a quantum advantage');
    const numbers = page.indexOf('Rank correlation (Spearman) within the 152');
    const table = page.indexOf('Heavy-atom count</th>');
    expect(verdict).toBeGreaterThan(0);
    expect(honest).toBeGreaterThan(verdict);
    expect(numbers).toBeGreaterThan(honest);
    expect(table).toBeGreaterThan(numbers);
  });

  test('has every part that was asked for', () => {
    for (const id of [
      'question',
      'screening',
      'compounds',
      'audit',
      'training',
      'guards',
      'dynamics',
      'rejected',
      'bill',
      'timings',
      'manifest',
    ]) {
      expect(page).toContain(`<section id="${id}"`);
      expect(page).toContain(`href="#${id}"`);
    }
  });

  test('closes every tag it opens', () => {
    expect(checkBalance(page)).toEqual([]);
    expect(checkBalance(render(bare))).toEqual([]);
  });

  test('uses every id once, and labels every plot and table head', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, labels] of page.matchAll(/aria-labelledby="([^"]+)"/g))
      for (const id of labels!.split(' ')) expect(ids).toContain(id);
    expect(page.match(/<th /g)!.length).toBe(page.match(/<th scope=/g)!.length);
    expect(page.match(/<img /g)!.length).toBe(page.match(/<img [^>]*alt="[^"]+"/g)!.length);
  });

  test('loads nothing: no script, no handler, no style attribute, no address but data images', () => {
    const markup = tagsOf(page).join('\n');
    expect(markup).not.toMatch(/<script|<iframe|<object|<embed|<link|<base|<form/i);
    expect(markup).not.toMatch(/\son\w+\s*=|\sstyle\s*=/i);
    for (const [, address] of markup.matchAll(/\s(?:src|href)="([^"]*)"/g))
      expect(address).toMatch(/^(data:image\/svg\+xml;base64,|#)/);
    expect(styleSheet).not.toMatch(/@import|url\(/);
  });

  test('forbids in its policy all but its own style sheet and embedded images', () => {
    const hash = createHash('sha256').update(styleSheet).digest('base64');
    expect(contentPolicy({ sha256 })).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    const inPage = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
    expect(createHash('sha256').update(inPage).digest('base64')).toBe(hash);
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
  });

  test('prints well: its style sheet has rules for paper and for dark screens', () => {
    expect(styleSheet).toContain('@media print');
    expect(styleSheet).toContain('prefers-color-scheme:dark');
  });

  test('never shows a hybrid number without its classical twin, its interval and its price', () => {
    const priced = sampleFacts();
    // The unrefined row is charged for its training alone, the refined one for both.
    priced.bill.lines.find(({ stage }) => stage === 'train')!.drawnMicroUsd = 40_000;
    const rows = [...render(priced).matchAll(/<tr class="quantum"><th scope="row">(Hybrid[^<]*)<\/th>(.*?)<\/tr>/g)];
    const wanted: Record<string, string> = { 'Hybrid (classical + quantum)': '$0.04', 'Hybrid, refined top': '$0.158' };
    expect(rows.length).toBeGreaterThan(0);
    for (const [, label, cells] of rows) {
      expect(cells).toMatch(/\[.*\]/);
      expect(cells, label).toContain(`${wanted[label!]}`);
    }
    expect(page.match(/<dt>hybrid<\/dt><dd>[^<]* ± /g)!.length).toBe(24);
    expect(page.match(/<dt>classical<\/dt><dd>[^<]* ± /g)!.length).toBe(24);
    const alone = sampleFacts();
    alone.headline!.scorers = alone.headline!.scorers.filter(({ scorer }) => scorer !== 'classical');
    expect(() => ReportFacts.parse(alone)).toThrow('classical row beside it');
  });

  test('says of a local run that nothing was charged', () => {
    expect(page).toContain('nothing was charged');
    const cloud = sampleFacts();
    cloud.bill.charged = 'charged';
    expect(render(cloud)).not.toContain('nothing was charged');
  });

  test('shows 100 compounds at most and says of how many', () => {
    const many = sampleFacts();
    many.ranking!.rows = Array.from({ length: 130 }, (_, i) => sampleCompound(i + 1));
    const long = render(many);
    expect(long.match(/<img class="structure"/g)).toHaveLength(100);
    expect(long).toContain('The first 100 of 4\u202f987');
  });

  test('says how far down the ranking each file beside it goes', () => {
    const facts = sampleFacts();
    facts.files = { ranking: 'ranked.csv', structures: 'ranked.sdf' };
    const words = (total: number) => render({ ...facts, ranking: { ...facts.ranking!, total } }).replace(/<\/?code>/g, '');
    expect(words(4987)).toContain('ranked.csv holds all, ranked.sdf holds the first 1\u202f000.');
    expect(words(20_000)).toContain('ranked.csv holds the first 10\u202f000, ranked.sdf holds the first 1\u202f000.');
    expect(words(900)).toContain('ranked.csv holds all, ranked.sdf holds all.');
  });

  test('gives the same page for the same facts', () => {
    expect(render(sampleFacts())).toBe(page);
  });
});

describe('a report of a run that did not finish', () => {
  test('stands without a question when the campaign could not be read', () => {
    const page = render({
      ...bare,
      outcome: 'FAILED',
      question: null,
      reasons: [{ code: 'INVALID_CAMPAIGN', message: 'not JSON' }],
    });
    expect(page).toContain('<h1>Campaign bace</h1>');
    expect(page).not.toContain('id="question"');
    expect(checkBalance(page)).toEqual([]);
  });

  test('says that the hybrid repeats the classical model where no head was trained', () => {
    const page = render({ ...sampleFacts(), training: null, audit: null });
    expect(page).toContain('No quantum head was trained: the hybrid repeats the classical model.');
    expect(page).not.toContain('The quantum part of the hybrid took');
  });

  test('shows the plan of a PLANNED run item by item and claims no result', () => {
    const page = render({ ...bare, outcome: 'PLANNED', reasons: [{ code: 'PLAN_ONLY', message: 'The budget is 0.' }] });
    expect(page).toContain('Planned only: nothing was run. The run would cost $0.123.');
    expect(page).toContain('The budget is 0.');
    expect(page).toContain('<details open>');
    expect(page).toContain('Amazon SV1: 32 compounds, time');
    expect(page).not.toContain('id="compounds"');
    expect(page).not.toContain('The bill at the cloud');
  });

  test('puts the reason of a FAILED run first, and warns from its numbers', () => {
    const page = render({
      ...bare,
      outcome: 'FAILED',
      reasons: [{ code: 'NO_VALID_COMPOUND', message: 'None of 12 rows could be read.' }],
    });
    expect(page).toContain('The run failed. None of 12 rows could be read.');
    expect(page).toContain('No ranking of this run should be used.');
    expect(page).toContain('NO_VALID_COMPOUND');
    expect(page).toContain('card verdict bad');
  });

  test('keeps the results of a PARTIAL run and names what is missing', () => {
    const page = render({
      ...sampleFacts(),
      outcome: 'PARTIAL',
      dynamics: null,
      reasons: [{ code: 'DYNAMICS_UNAVAILABLE', message: 'No usable Python was found.' }],
    });
    expect(page).toContain('The run is incomplete (dynamics unavailable); see below.');
    expect(page).toContain('No usable Python was found.');
    expect(page).toContain('What is missing, and why');
    expect(page).toContain('id="compounds"');
    expect(page).not.toContain('id="dynamics"');
  });
});

test('measureLabel puts the unit of a measure behind its name and leaves plain words alone', () => {
  expect(
    ['mmgbsaKcalMol', 'rmsdLastHalfAngstrom', 'simulatedPsTotal', 'contactsKept', 'standard error'].map(measureLabel),
  ).toEqual(['MM/GBSA, kcal/mol', 'RMSD last half, Å', 'Simulated total, ps', 'Contacts kept', 'standard error']);
});

describe('hostile names', () => {
  const attacks = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style><script>alert(1)</script>',
    '--><svg onload=alert(1)>',
    '${alert(1)}',
    '\u202egnp.exe\u0000\u0007',
    'javascript:alert(1)',
    'A'.repeat(5000),
  ];
  const hostileSvg =
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>"><script>alert(2)</script>';

  test.each(attacks)('stay text wherever a user can put them: %j', (name) => {
    const facts = sampleFacts();
    facts.question = { ...facts.question!, title: name, target: name, structure: name, libraryName: name };
    facts.reasons = [{ code: 'X', message: name }];
    facts.ranking!.rows = [
      sampleCompound(1, {
        id: name,
        smiles: name,
        structureSvg: hostileSvg,
        alerts: [name],
        columns: { [name]: name },
        properties: { [name]: name },
        nearest: { id: name, pK: 7, similarity: 0.5 },
      }),
    ];
    facts.dynamics!.ligands[0] = {
      ...facts.dynamics!.ligands[0]!,
      id: name,
      pose: name,
      measures: { [name]: name },
      failure: { code: 'X', message: name },
    };
    facts.dynamics!.statement = name;
    facts.rejectedLibrary = { total: 1, byCode: { [name]: 1 }, rows: [{ row: 1, id: name, code: name, message: name }] };
    facts.assayRules = { [name]: 1 };
    facts.quantum!.guards[0] = { guard: name, decision: 'pass', message: name, evidence: { [name]: name } };
    facts.quantum!.reason = name;
    facts.manifest.versions = { [name]: name };
    facts.timings = [{ stage: name, durationMs: 1, detail: name }];
    facts.files = { [name]: name };
    const page = render(facts);
    const shape = (text: string) => new Set(tagsOf(text).map((tag) => /^<\/?[!a-z0-9]+/i.exec(tag)![0].toLowerCase()));
    const usual = shape(render(sampleFacts()));
    for (const tag of shape(page)) expect(usual).toContain(tag);
    expect(checkBalance(page)).toEqual([]);
    expect(
      tagsOf(page)
        .join('\n')
        .replace(/="[^"]*"/g, ''),
    ).not.toMatch(/\son\w+|script/i);
    for (const sign of ['\u202e', '\u0000', '\u0007']) expect(page).not.toContain(sign);
    expect(page).not.toContain('<script');
  });

  test('keep a hostile drawing inside its image', () => {
    const facts = sampleFacts();
    facts.ranking!.rows = [sampleCompound(1, { structureSvg: hostileSvg })];
    const [, data] = /src="data:image\/svg\+xml;base64,([A-Za-z0-9+/=]*)"/.exec(render(facts))!;
    expect(Buffer.from(data!, 'base64').toString()).toBe(hostileSvg);
  });
});
