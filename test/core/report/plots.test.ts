import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReportFacts, type Training } from '../../../core/contracts/report.ts';
import { extent, linearScale, linePath, logScale, niceTicks } from '../../../core/report/axes.ts';
import {
  calibrationPlot,
  contrastPlot,
  enrichmentPlot,
  headPlot,
  predictionStrip,
  rmsdPlot,
  trainingCurve,
} from '../../../core/report/plots.ts';
import { sampleFacts } from './sample-facts.ts';

const facts = ReportFacts.parse(sampleFacts());
const training = facts.training!;
/** Every number that stands in a coordinate of a drawing. */
const coordinates = (svg: string) =>
  [...svg.matchAll(/\s(?:x1|x2|y1|y2|cx|cy|x|y|d|points|width|height)="([^"]*)"/g)].flatMap(
    ([, text]) => text!.match(/-?[\d.]+(?:e-?\d+)?|NaN|Infinity/g) ?? [],
  );

describe('axes', () => {
  test('have ticks inside their range, evenly spaced, about as many as wanted', () => {
    const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(finite, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (low, span) => {
        const ticks = niceTicks(low, low + span);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(low - 1e-6 * (span + Math.abs(low)));
          expect(tick).toBeLessThanOrEqual(low + span + 1e-6 * (span + Math.abs(low)));
        }
      }),
    );
    expect(niceTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });
  test('map the ends of the domain onto the ends of the range, and open a domain of no width', () => {
    const scale = linearScale([2, 4], [100, 0]);
    expect([scale(2), scale(3), scale(4)]).toEqual([100, 50, 0]);
    expect(linearScale([5, 5], [0, 10])(5)).toBe(5);
    const decades = logScale([0.01, 1], [0, 100], []);
    expect([decades(0.01), decades(0.1), decades(1), decades(0)]).toEqual([0, 50, 100, 0]);
  });
  test('take the extent of finite values only', () => {
    expect(extent([1, Number.NaN, 3, Number.POSITIVE_INFINITY], 0)).toEqual([1, 3]);
    expect(extent([])).toEqual([0, 1]);
  });
  test('break a line where a value is missing', () => {
    expect(
      linePath([
        [0, 0],
        [1, 1],
        [2, Number.NaN],
        [3, 3],
        [4, 4],
      ]),
    ).toBe('M0 0L1 1M3 3L4 4');
  });
});

describe('the plots', () => {
  const drawn = {
    trainingCurve: trainingCurve(training),
    calibrationPlot: calibrationPlot(training),
    enrichmentPlot: enrichmentPlot(facts.headline!.curves, 4987),
    headPlot: headPlot(facts.audit!.heads),
    contrastPlot: contrastPlot(facts.audit!.contrasts, 0.05),
    rmsdPlot: rmsdPlot(facts.dynamics!.ligands[0]!, 0, 3),
    predictionStrip: predictionStrip(facts.ranking!.rows[0]!, [6, 9]),
  };

  test.each(Object.entries(drawn))('%s is finite, says in words what it shows, and stays inside its frame', (_, plot) => {
    const svg = plot!.text;
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toMatch(/role="img"/);
    expect(svg).toMatch(/<desc [^>]*>[^<]{20,}<\/desc>|aria-label="[^"]{20,}"/);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
    for (const number of coordinates(svg.replace(/transform="[^"]*"/g, '').replace(/<text x="-[^>]*>/g, ''))) {
      expect(Number(number)).toBeGreaterThanOrEqual(-1);
      expect(Number(number)).toBeLessThanOrEqual(Math.max(Number(width), Number(height)) + 1);
    }
  });

  test('have a dot for every compound and a line for every replica', () => {
    expect(drawn.calibrationPlot!.text.match(/<circle/g)).toHaveLength(300);
    expect(drawn.rmsdPlot!.text.match(/class="line replica-/g)).toHaveLength(2);
    expect(drawn.enrichmentPlot!.text.match(/class="line /g)).toHaveLength(5);
    expect(drawn.headPlot!.text.match(/<circle/g)).toHaveLength(8);
  });

  test('join validation errors that were looked at only now and then', () => {
    const points = Array.from({ length: 41 }, (_, step) => ({
      step,
      trainLoss: step === 0 ? null : 0.5,
      validationLoss: step % 10 === 0 ? 0.9 - step / 100 : null,
      gradientVariance: null,
    }));
    const svg = trainingCurve({ ...training, points, bestStep: 40 })!.text;
    const [, dashed] = /class="line k-chance dashed" d="([^"]*)"/.exec(svg)!;
    expect(dashed!.match(/[ML]/g)).toEqual(['M', 'L', 'L', 'L', 'L']);
    expect(svg).toContain('from 0.900 to 0.500 at the best step, 40');
  });

  test('mark the step that was kept', () => {
    expect(drawn.trainingCurve!.text).toContain('kept: step 235');
  });

  test('are absent when there is nothing to draw', () => {
    const empty: Training = { ...training, points: [], calibration: null };
    expect([trainingCurve(empty), calibrationPlot(empty), enrichmentPlot([], 10), headPlot([]), contrastPlot([], 0.05)]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(rmsdPlot(facts.dynamics!.ligands[2]!, 2, 3)).toBeNull();
    expect(
      trainingCurve({
        ...training,
        points: [
          { step: 0, trainLoss: null, validationLoss: null, gradientVariance: null },
          { step: 1, trainLoss: null, validationLoss: null, gradientVariance: null },
        ],
      }),
    ).toBeNull();
  });

  test('draw a head without an interval as a point alone', () => {
    const [first, ...rest] = facts.audit!.heads;
    const svg = headPlot([{ ...first!, rmsePk: { value: 0.8, low: null, high: null } }, ...rest])!.text;
    expect(svg).toContain('0.80 (no interval)');
    expect(svg.match(/<circle/g)).toHaveLength(8);
  });
});
