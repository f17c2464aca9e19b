/** A complete set of report facts with made-up numbers, for tests and for looking at the page. */
import type { RankedCompound, ReportFactsInput } from '../../../core/contracts/report.ts';

const drawing =
  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 150 110'><rect width='150' height='110' style='fill:#FFFFFF'/><path d='M 40,70 L 75,50 L 110,70' style='fill:none;stroke:#000000;stroke-width:2px'/><text x='108' y='84' style='font-size:14px;fill:#FF0000'>O</text></svg>";

const hash = (digit: string) => digit.repeat(64);

/** Smooth numbers that look scattered: no generator is needed for a fixture. */
const wave = (i: number) => Math.sin(12.9898 * i) * 0.6 + Math.sin(4.1414 * i) * 0.4;

export function sampleCompound(rank: number, changes: Partial<RankedCompound> = {}): RankedCompound {
  const classicalPk = 8.4 - 0.04 * rank + 0.1 * wave(rank);
  const hybridPk = 8.4 - 0.04 * rank;
  return {
    rank,
    id: `BACE-${1000 + rank}`,
    smiles: 'CC(C)(C)c1cccc(CNC2CS(=O)(=O)CC(Cc3cc(F)c(N)c(OC(C(F)(F)F)C(F)(F)F)c3)C2O)c1',
    structureSvg: drawing,
    heavyAtoms: 30 + (rank % 7),
    classicalPk,
    hybridPk,
    refinedPk: rank <= 8 ? hybridPk + 0.05 * wave(rank + 3) : null,
    halfWidthPk: 1.15,
    nearest: { id: `assay-${rank * 7}`, pK: 7.6 + 0.4 * wave(rank), similarity: 0.62 + 0.2 * wave(rank + 1) },
    outOfDomain: rank % 9 === 0,
    properties: { MolWt: 512.6 - rank, CLogP: 3.1 + wave(rank), TPSA: 98.4, 'H-bond donors': 3 },
    alerts: rank % 6 === 0 ? ['Michael acceptor'] : [],
    columns: { vendor: 'in house', plate: `P${rank % 5}` },
    truthPk: rank % 3 === 0 ? null : hybridPk + 0.7 * wave(rank + 5),
    ...changes,
  };
}

const ps = Array.from({ length: 41 }, (_, i) => i * 0.25);

export function sampleFacts(): ReportFactsInput {
  const interval = (value: number, half: number) => ({ value, low: value - half, high: value + half });
  const measuredPk = Array.from({ length: 150 }, (_, i) => 6.6 + 1.4 * wave(i));
  const screened = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
  return {
    schema: 'report-facts/1',
    runId: 'bace-20260823-0a1b2c',
    campaignName: 'bace',
    createdAt: '2026-08-23T08:00:00Z',
    finishedAt: '2026-08-23T08:06:41Z',
    outcome: 'SUCCEEDED',
    reasons: [],
    question: {
      title: 'BACE-1 retrospective screen',
      task: 'affinity',
      target: 'Beta-secretase 1 (Homo sapiens)',
      structure: 'PDB 4DJW, reference ligand from the file reference.sdf',
      libraryName: 'libraries/library.csv.gz',
      purpose: 'audit',
      qubits: 6,
      layers: 3,
      trainDevice: 'lambda',
      refineDevice: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1',
      trainSteps: 400,
      shots: 0,
      topFraction: 0.01,
      dynamicsTier: 'smoke',
      budgetMicroUsd: 35_000_000,
      planOnly: false,
    },
    library: { rows: 5010, accepted: 4987, rejected: 14, duplicates: 9, shards: 3 },
    labelledCount: 1361,
    headline: {
      quantity: 'pIC50',
      activeFromPk: 7,
      libraryCount: 4987,
      measuredCount: 152,
      activeCount: 41,
      bootstrapDraws: 2000,
      confidence: 0.95,
      scorers: (
        [
          ['heavy-atoms', 1.2, 0.9, 0.22],
          ['nearest-neighbour', 14.1, 6.2, 0.38],
          ['classical', 21.9, 9.8, 0.46],
          ['hybrid', 21.4, 9.7, 0.45],
          ['refined', 22.0, 9.7, 0.45],
        ] as const
      ).map(([scorer, e1, e5, rho]) => ({
        scorer,
        enrichmentAt1Percent: interval(e1, 0.3 * e1),
        enrichmentAt5Percent: interval(e5, 0.2 * e5),
        rocAuc: interval(0.6 + 0.6 * rho * rho + 0.2, 0.03),
        spearman: interval(rho, 0.13),
        kendall: interval(rho * 0.7, 0.1),
        coverage: scorer === 'heavy-atoms' || scorer === 'nearest-neighbour' ? null : interval(0.84, 0.06),
      })),
      curves: (['heavy-atoms', 'nearest-neighbour', 'classical', 'hybrid'] as const).map((scorer, k) => ({
        scorer,
        screened,
        found: screened.map((x) => Math.min(1, x ** (0.95 - 0.2 * k + (k === 3 ? 0.19 : 0)))),
      })),
    },
    ranking: { total: 4987, selectedForRefinement: 32, rows: Array.from({ length: 24 }, (_, i) => sampleCompound(i + 1)) },
    training: {
      points: Array.from({ length: 81 }, (_, i) => ({
        step: i * 5,
        trainLoss: 0.32 + 0.25 * Math.exp(-i / 14) + 0.008 * wave(i),
        validationLoss: 0.4 + 0.2 * Math.exp(-i / 11) + 0.0012 * Math.max(0, i - 45) + 0.006 * wave(i + 9),
        gradientVariance: 0.01,
      })),
      bestStep: 235,
      circuits: 51_200,
      shots: 0,
      device: 'lambda',
      calibration: {
        measuredPk,
        classicalPk: measuredPk.map((pK, i) => 6.6 + 0.7 * (pK - 6.6) + 0.6 * wave(i + 40)),
        hybridPk: measuredPk.map((pK, i) => 6.6 + 0.72 * (pK - 6.6) + 0.58 * wave(i + 41)),
        halfWidthPk: 1.15,
      },
    },
    audit: {
      depth: 'quick',
      compounds: 204,
      scaffolds: 97,
      seeds: 3,
      splits: 1,
      bootstrapDraws: 2000,
      equivalenceBoundPk: 0.05,
      heads: (
        [
          ['mean', 'No head (classical alone)', 0, 0.842],
          ['ridge', 'Ridge', 9, 0.839],
          ['mlp', 'MLP, as many parameters', 61, 0.848],
          ['quadratic', 'Quadratic form, rank 2', 29, 0.845],
          ['quantum-no-entanglers', 'Quantum, no entanglers', 62, 0.858],
          ['quantum-frozen', 'Quantum, frozen at random', 26, 0.851],
          ['quantum', 'Quantum, trained', 62, 0.846],
          ['quantum-shuffled', 'Quantum, shuffled labels', 62, 0.871],
        ] as const
      ).map(([key, label, parameterCount, rmse]) => ({
        key,
        label,
        parameterCount,
        rmsePk: interval(rmse, 0.07),
        costMicroUsd: 0,
      })),
      contrasts: (
        [
          ['mean', 'No head (classical alone)', 0.004, 0.02],
          ['ridge', 'Ridge', 0.007, 0.018],
          ['mlp', 'MLP, as many parameters', -0.002, 0.022],
          ['quadratic', 'Quadratic form, rank 2', 0.001, 0.016],
          ['quantum-no-entanglers', 'Quantum, no entanglers', -0.012, 0.025],
          ['quantum-frozen', 'Quantum, frozen at random', -0.005, 0.02],
        ] as const
      ).map(([against, label, difference, half]) => ({
        against,
        label,
        differencePk: interval(difference, half),
        pValue: 0.4,
        pHolm: 1,
        verdict: 'undecided' as const,
      })),
      verdict: 'undecided',
      sentences: [
        'On 204 test compounds the trained quantum head errs by 0.846 pK and no head at all by 0.842.',
        'No planned comparison is decided. A quick audit may find the head worse, never better or equivalent.',
        'To show a gain of 0.05 pK over the best twin one needs about 312 compounds.',
      ],
      moleculesNeeded: 312,
      shuffledCheckPassed: true,
    },
    quantum: {
      guards: [
        {
          guard: 'quantum-need/task',
          decision: 'pass',
          message: 'The task is an affinity to a target with a structure.',
          evidence: { task: 'affinity', hasStructure: true },
        },
        {
          guard: 'quantum-need/noise-floor',
          decision: 'pass',
          message: "The classical model errs by 0.84 pK, 0.34 above the assay's noise of 0.50.",
          evidence: { classicalRmsePk: 0.842, assayNoisePk: 0.5 },
        },
        {
          guard: 'quantum-need/multireference',
          decision: 'not-applicable',
          message: 'The run computes no electronic energy.',
          evidence: {},
        },
        {
          guard: 'barren-plateau',
          decision: 'warn',
          message:
            "Amber: the gradient's median variance is 4.1e-3 and changes by -0.77 bits per qubit; a device needs 1.2 times the usual shots.",
          evidence: { qubits: 6, medianVariance: 0.0041, draws: 64 },
        },
        {
          guard: 'noise',
          decision: 'refuse',
          message:
            'Only 21 % of the runs would be free of errors (80 two-qubit gates at 1.90 %); below 30 % the device is declined.',
          evidence: { expectedSuccess: 0.21 },
        },
      ],
      deviceAllowed: false,
      deviceUsed: 'lambda',
      reason:
        'Refused by noise. The campaign asks for an audit, so the head is measured on the exact simulator at no device cost.',
    },
    dynamics: {
      tier: 'smoke',
      statement:
        'Dynamics of tier smoke: 2 replicas of 10 ps for each of 3 ligands prove that the path runs. They say nothing about binding, and no verdict is given.',
      ligands: ['reference', 'BACE-1001', 'BACE-1002'].map((id, k) => ({
        id,
        role: k === 0 ? ('reference' as const) : ('candidate' as const),
        pose: k === 0 ? 'crystal structure' : 'docked with Vina',
        replicas:
          k === 2
            ? []
            : [1, 2].map((seed) => ({
                seed,
                simulatedPs: 10,
                timesPs: ps,
                rmsdAngstrom: ps.map((t) => (0.9 + 0.5 * k) * (1 - Math.exp(-t / 2)) + 0.08 * wave(t * 7 + seed)),
                contactsKept: 0.86 - 0.1 * k,
              })),
        measures:
          k === 2
            ? {}
            : {
                simulatedPsTotal: 20,
                rmsdLastHalfAngstrom: 0.9 + 0.5 * k,
                mmgbsaKcalMol: -41.2 + 6 * k,
                mmgbsaStandardErrorKcalMol: 2.1,
              },
        failure: k === 2 ? { code: 'CHARGES_FAILED', message: 'antechamber did not converge in 120 s' } : null,
      })),
      versions: { openmm: '8.5.1', ambertools: '24.8' },
    },
    rejectedLibrary: {
      total: 14,
      byCode: { INVALID_SMILES: 9, TOO_LARGE: 3, NON_ASCII: 2 },
      rows: [
        { row: 17, id: 'Z12', code: 'INVALID_SMILES', message: 'ring closure 1 is never closed' },
        { row: 230, id: null, code: 'TOO_LARGE', message: '812 heavy atoms, at most 300 are read' },
      ],
    },
    rejectedAssay: { total: 0, byCode: {}, rows: [] },
    assayRules: { 'replicates averaged': 12, 'nM turned into pK': 1361, 'contradicting duplicates left out': 3 },
    bill: {
      plan: {
        schema: 'cost-plan/1',
        priceTableDate: '2026-08-31',
        items: [
          {
            stage: 'serverless',
            what: 'Lambda compute',
            quantity: 182.5,
            unit: 'GB-s',
            rateMicroUsd: 16.6667,
            costMicroUsd: 3042,
          },
          {
            stage: 'refine',
            what: 'Amazon SV1: 32 compounds, time',
            quantity: 1.6,
            unit: 'minutes',
            rateMicroUsd: 75_000,
            costMicroUsd: 120_000,
          },
        ],
        totalMicroUsd: 123_042,
        budgetMicroUsd: 35_000_000,
      },
      lines: [
        { stage: 'serverless', plannedMicroUsd: 3042, reservedMicroUsd: 3042, drawnMicroUsd: 2650, settledMicroUsd: 2650 },
        { stage: 'train', plannedMicroUsd: 0, reservedMicroUsd: 0, drawnMicroUsd: 0, settledMicroUsd: 0 },
        {
          stage: 'refine',
          plannedMicroUsd: 120_000,
          reservedMicroUsd: 120_000,
          drawnMicroUsd: 118_000,
          settledMicroUsd: 118_000,
        },
        { stage: 'dynamics', plannedMicroUsd: 0, reservedMicroUsd: 0, drawnMicroUsd: 0, settledMicroUsd: null },
      ],
      budgetMicroUsd: 35_000_000,
      charged: 'emulated',
    },
    manifest: {
      environment: 'local',
      codeVersion: '0.1.0',
      versions: { '@qefm/quantum': '0.1.0', '@rdkit/rdkit': '2026.9.1', openmm: '8.5.1' },
      seed: 20260823,
      seeds: { train: 12, bootstrap: 99 },
      inputs: { 'campaign.json': hash('a'), 'assay.csv': hash('b') },
      artifacts: { 'ranked.csv': hash('c'), 'ranked.sdf': hash('d') },
      model: hash('e'),
      devices: [
        { device: 'lambda', what: 'training', tasks: 0, circuits: 51_200, shots: 0 },
        {
          device: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1',
          what: 'refinement of the top',
          tasks: 32,
          circuits: 32,
          shots: 0,
        },
      ],
      priceTableDate: '2026-08-31',
    },
    timings: [
      { stage: 'PrepareRun', durationMs: 820, detail: '3 shards' },
      { stage: 'EncodeLigands', durationMs: 21_400, detail: '4,987 compounds' },
      { stage: 'TrainClassical', durationMs: 48_000, detail: null },
      { stage: 'Optimize', durationMs: 64_500, detail: '400 steps' },
      { stage: 'Dynamics', durationMs: 161_000, detail: 'smoke, 3 ligands' },
    ],
    files: { ranking: 'ranked.csv', structures: 'ranked.sdf', manifest: 'manifest.json' },
  };
}
