/**
 * Drawing sequences token by token, with the keys and values of earlier tokens kept. A number of slots is in work at once; a slot whose
 * sequence ends takes the next one. Each sequence has its own stream of chance and rows do not mix, so what comes out of a sequence
 * does not depend on its slot or on its neighbours.
 */
import { type Label, type Random, seeded } from '@qefm/quantum';
import { logitStride } from './activations.ts';
import { END_TOKEN, type Sample, type SampleSettings } from './api.ts';
import type { TransformerConfig } from './config.ts';
import type { ModelMachine } from './machine.ts';
import type { AddressOf } from './network.ts';
import { type Place, Program } from './program.ts';

const FLOAT = 4;

interface SlotPlaces {
  readonly tokens: number;
  readonly positions: number;
  readonly slots: number;
  /** [L] addresses, of [slots, length, d] each. */
  readonly keys: readonly number[];
  readonly values: readonly number[];
  readonly length: number;
  readonly x: number;
  readonly normal: number;
  readonly stats: number;
  readonly qkv: number;
  readonly mixed: number;
  readonly hidden: number;
  readonly logits: number;
}

function placeSlots(machine: ModelMachine, config: TransformerConfig, slots: number, length: number): SlotPlaces {
  const { width: d, layers, feedForward } = config;
  const floats = (count: number) => machine.allocate(FLOAT * count);
  const caches = () => Array.from({ length: layers }, () => floats(slots * length * d));
  return {
    tokens: machine.allocate(2 * slots),
    positions: machine.allocate(4 * slots),
    slots: machine.allocate(4 * slots),
    keys: caches(),
    values: caches(),
    length,
    x: floats(slots * d),
    normal: floats(slots * d),
    stats: floats(2 * slots),
    qkv: floats(slots * 3 * d),
    mixed: floats(slots * d),
    hidden: floats(slots * feedForward),
    logits: floats(slots * logitStride(config)),
  };
}

/** One token further for the rows first … first + m - 1: from ids to logits. */
function stepProgram(
  program: Program,
  config: TransformerConfig,
  p: SlotPlaces,
  weightOf: AddressOf,
  first: number,
  m: number,
): void {
  const { width: d, feedForward: F, heads, layers, vocabulary } = config;
  const at = (address: number, stride: number): Place => ({ at: address + FLOAT * first * stride, stride });
  const [x, normal, mixed, qkv, hidden] = [at(p.x, d), at(p.normal, d), at(p.mixed, d), at(p.qkv, 3 * d), at(p.hidden, F)];
  const stats = at(p.stats, 2).at;
  const [positions, slots] = [p.positions + 4 * first, p.slots + 4 * first];
  const token = weightOf('embedding.token');
  program.embedForward(p.tokens + 2 * first, positions, m, d, { token, position: weightOf('embedding.position') }, x.at);
  for (let l = 0; l < layers; l++) {
    const w = (name: string) => weightOf(`block.${l}.${name}`);
    const matrix = (name: string, stride: number): Place => ({ at: w(`${name}.weight`), stride });
    program.normForward(x.at, m, d, w('attention.norm.gain'), w('attention.norm.bias'), normal.at, stats);
    const into = matrix('attention.in', 3 * d);
    program.product({ m, n: 3 * d, k: d, a: normal, b: into, c: qkv, bias: w('attention.in.bias') });
    const cache = { slots, positions, keys: p.keys[l]!, values: p.values[l]!, context: p.length };
    program.attentionStep(qkv.at, m, cache, d, heads, mixed.at);
    const out = matrix('attention.out', d);
    program.product({ m, n: d, k: d, a: mixed, b: out, c: x, base: x.at, bias: w('attention.out.bias') });
    program.normForward(x.at, m, d, w('feedForward.norm.gain'), w('feedForward.norm.bias'), normal.at, stats);
    const up = matrix('feedForward.in', F);
    program.product({ m, n: F, k: d, a: normal, b: up, c: hidden, bias: w('feedForward.in.bias') });
    program.geluForward(hidden.at, m * F, hidden.at);
    const down = matrix('feedForward.out', d);
    program.product({ m, n: d, k: F, a: hidden, b: down, c: x, base: x.at, bias: w('feedForward.out.bias') });
  }
  program.normForward(x.at, m, d, weightOf('norm.gain'), weightOf('norm.bias'), normal.at, stats);
  const logits = at(p.logits, logitStride(config));
  program.product({ m, n: vocabulary, k: d, a: normal, b: { at: token, stride: d }, bTransposed: true, c: logits });
}

/** The numbers of a call, checked. */
function settled(config: TransformerConfig, settings: SampleSettings) {
  const { count, source, temperature = 1, maxLength = config.context - 1, slots = 64, forbidden = [] } = settings;
  const must = (holds: boolean, wanted: string) => {
    if (!holds) throw new RangeError(`sample: ${wanted} wanted`);
  };
  must(Number.isInteger(count) && count >= 0, `a count of 0 or more, not ${count},`);
  must(
    Number.isInteger(source) && source >= 0 && source < config.vocabulary,
    `a source below ${config.vocabulary}, not ${source},`,
  );
  must(Number.isFinite(temperature) && temperature >= 0, `a temperature of 0 or more, not ${temperature},`);
  must(
    Number.isInteger(maxLength) && maxLength >= 1 && maxLength < config.context,
    `1 to ${config.context - 1} tokens, not ${maxLength},`,
  );
  must(Number.isInteger(slots) && slots >= 1, `1 slot or more, not ${slots},`);
  return { count, source, temperature, maxLength, slots: Math.min(slots, Math.max(1, count)), forbidden };
}

/**
 * A token from softmax(logits / temperature); the first of the likeliest where the temperature is 0.
 * throws  RangeError when no logit is finite
 */
export function drawToken(logits: Float32Array, temperature: number, random: Random): number {
  let best = 0;
  for (let j = 1; j < logits.length; j++) if (logits[j]! > logits[best]!) best = j;
  if (!Number.isFinite(logits[best]!)) throw new RangeError(`sample: a finite logit wanted, ${logits[best]} found`);
  if (temperature === 0) return best;
  const weights = new Float64Array(logits.length);
  let sum = 0;
  for (let j = 0; j < logits.length; j++) {
    weights[j] = Math.exp((logits[j]! - logits[best]!) / temperature);
    sum += weights[j]!;
  }
  let left = random.uniform() * sum;
  for (let j = 0; j < logits.length; j++) {
    left -= weights[j]!;
    if (left < 0) return j;
  }
  return best;
}

/** Chance of a sequence: one uniform number a token. */
export const sequenceStream = (seed: Label, index: number): Random => seeded(seed, 'sequence', index);

interface Work {
  readonly index: number;
  readonly slot: number;
  readonly random: Random;
  readonly drawn: number[];
}

export function sampleSequences(
  machine: ModelMachine,
  config: TransformerConfig,
  weightOf: AddressOf,
  scratch: readonly number[],
  settings: SampleSettings,
): Sample[] {
  const { count, source, temperature, maxLength, slots, forbidden } = settled(config, settings);
  return machine.borrow(() => {
    const places = placeSlots(machine, config, slots, maxLength + 1);
    const samples: Sample[] = new Array(count);
    let next = 0;
    const take = (slot: number): Work => ({ index: next, slot, random: sequenceStream(settings.seed, next++), drawn: [] });
    let work = Array.from({ length: Math.min(slots, count) }, (_, slot) => take(slot));
    const stride = logitStride(config);
    while (work.length > 0) {
      const rows = work.length;
      machine.borrow(() => {
        const programs = scratch.map((address, part) => {
          const program = new Program(address);
          const first = Math.floor((rows * part) / scratch.length);
          const end = Math.floor((rows * (part + 1)) / scratch.length);
          if (end > first) stepProgram(program, config, places, weightOf, first, end - first);
          return program;
        });
        const loaded = machine.load(programs);
        const tokens = machine.shorts(places.tokens, rows);
        const positions = machine.words(places.positions, rows);
        const slotOf = machine.words(places.slots, rows);
        const logits = machine.floats(places.logits, rows * stride);
        // As long as every slot is taken, the program stays the same.
        while (work.length === rows) {
          work.forEach(({ slot, drawn }, row) => {
            tokens[row] = drawn.at(-1) ?? source;
            positions[row] = drawn.length;
            slotOf[row] = slot;
          });
          machine.run(loaded);
          work = work.flatMap((one, row) => {
            const ofRow = logits.subarray(row * stride, row * stride + config.vocabulary);
            for (const id of forbidden) ofRow[id] = -Infinity;
            const token = drawToken(ofRow, temperature, one.random);
            if (token !== END_TOKEN && one.drawn.length < maxLength) {
              one.drawn.push(token);
              return [one];
            }
            samples[one.index] = { tokens: Uint16Array.from(one.drawn), ended: token === END_TOKEN };
            return next < count ? [take(one.slot)] : [];
          });
        }
      });
    }
    return samples;
  });
}
