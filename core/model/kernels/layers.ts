// What happens to single numbers and to rows: layer norm, GELU, sums of columns. Widths are multiples of 4, addresses of 4 bytes.

import { exp4, madd, nmadd, sumOfLanes } from './simd';

const NORM_EPSILON: f32 = 1e-5;

/**
 * out = gain (x - mean) / sd + bias for each row; `stats` takes mean and 1 / sd, sd² = variance + 1e-5.
 * shapes  x and out [rows, width]; gain and bias [width]; stats [rows, 2]
 * source  Ba, Kiros and Hinton 2016, arXiv:1607.06450
 */
export function normForward(x: usize, rows: i32, width: i32, gain: usize, bias: usize, out: usize, stats: usize): void {
  const bytes: usize = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const from = x + <usize>r * bytes;
    const to = out + <usize>r * bytes;
    let sum = f32x4.splat(0);
    for (let p: usize = 0; p < bytes; p += 16) sum = f32x4.add(sum, v128.load(from + p));
    const mean = sumOfLanes(sum) / <f32>width;
    const means = f32x4.splat(mean);
    let squares = f32x4.splat(0);
    for (let p: usize = 0; p < bytes; p += 16) {
      const centred = f32x4.sub(v128.load(from + p), means);
      squares = madd(centred, centred, squares);
    }
    const inverse: f32 = 1 / sqrt(sumOfLanes(squares) / <f32>width + NORM_EPSILON);
    const inverses = f32x4.splat(inverse);
    for (let p: usize = 0; p < bytes; p += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(from + p), means), inverses);
      v128.store(to + p, madd(normal, v128.load(gain + p), v128.load(bias + p)));
    }
    store<f32>(stats + ((<usize>r) << 3), mean);
    store<f32>(stats + ((<usize>r) << 3), inverse, 4);
  }
}

/** Adds to dx, dGain and dBias what dy brings them. */
export function normBackward(
  dy: usize, x: usize, stats: usize, rows: i32, width: i32, gain: usize, dx: usize, dGain: usize, dBias: usize,
): void {
  const bytes: usize = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const from = x + <usize>r * bytes;
    const d = dy + <usize>r * bytes;
    const to = dx + <usize>r * bytes;
    const mean = v128.load32_splat(stats + ((<usize>r) << 3));
    const inverse = v128.load32_splat(stats + ((<usize>r) << 3), 4);
    let sum = f32x4.splat(0);
    let projection = f32x4.splat(0);
    for (let p: usize = 0; p < bytes; p += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(from + p), mean), inverse);
      const dOut = v128.load(d + p);
      v128.store(dGain + p, madd(dOut, normal, v128.load(dGain + p)));
      v128.store(dBias + p, f32x4.add(dOut, v128.load(dBias + p)));
      const dNormal = f32x4.mul(dOut, v128.load(gain + p));
      sum = f32x4.add(sum, dNormal);
      projection = madd(dNormal, normal, projection);
    }
    const meanD = f32x4.splat(sumOfLanes(sum) / <f32>width);
    const meanP = f32x4.splat(sumOfLanes(projection) / <f32>width);
    for (let p: usize = 0; p < bytes; p += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(from + p), mean), inverse);
      const dNormal = f32x4.mul(v128.load(d + p), v128.load(gain + p));
      const centred = nmadd(normal, meanP, f32x4.sub(dNormal, meanD));
      v128.store(to + p, madd(centred, inverse, v128.load(to + p)));
    }
  }
}

/** 2 sqrt(2 / pi), and the weight of the cube: gelu(x) = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x³). */
const GELU_SLOPE: f32 = 1.5957691216057308;
const GELU_CUBE: f32 = 0.044715;

/** exp(-2u): with e of it, the gate is 1 / (1 + e), and what it lacks to 1 is e times as much, without cancellation. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function closing(x: v128, square: v128): v128 {
  const cubic = madd(square, f32x4.splat(GELU_CUBE), f32x4.splat(1));
  return exp4(f32x4.mul(f32x4.mul(x, f32x4.splat(-GELU_SLOPE)), cubic));
}

/**
 * out = gelu(x) in its form with tanh, on `count` numbers, a multiple of 4.
 * source  Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2
 */
export function geluForward(x: usize, count: i32, out: usize): void {
  const bytes: usize = (<usize>count) << 2;
  for (let p: usize = 0; p < bytes; p += 16) {
    const v = v128.load(x + p);
    const e = closing(v, f32x4.mul(v, v));
    v128.store(out + p, f32x4.div(v, f32x4.add(f32x4.splat(1), e)));
  }
}

/** Turns the derivative in gelu(x), in place, into the derivative in x. */
export function geluBackward(x: usize, count: i32, d: usize): void {
  const bytes: usize = (<usize>count) << 2;
  const one = f32x4.splat(1);
  for (let p: usize = 0; p < bytes; p += 16) {
    const v = v128.load(x + p);
    const square = f32x4.mul(v, v);
    const e = closing(v, square);
    const s = f32x4.div(one, f32x4.add(one, e));
    const slope = f32x4.mul(madd(square, f32x4.splat(3 * GELU_CUBE), one), f32x4.splat(GELU_SLOPE));
    const inner = f32x4.mul(f32x4.mul(v, slope), f32x4.mul(e, s));
    v128.store(d + p, f32x4.mul(v128.load(d + p), madd(s, inner, s)));
  }
}

/** Adds to `sums` [width] the rows of d [rows, width]: the derivative in a bias. */
export function columnSums(d: usize, rows: i32, width: i32, sums: usize): void {
  const bytes: usize = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const from = d + <usize>r * bytes;
    for (let p: usize = 0; p < bytes; p += 16) v128.store(sums + p, f32x4.add(v128.load(sums + p), v128.load(from + p)));
  }
}

/**
 * The mean of the rows of each sequence.
 * shapes  x [rows, width]; starts [sequences + 1] u32; out [sequences, width]
 */
export function sequenceMeans(x: usize, starts: usize, sequences: i32, width: i32, out: usize): void {
  const bytes: usize = (<usize>width) << 2;
  for (let s = 0; s < sequences; s++) {
    const first = load<u32>(starts + ((<usize>s) << 2));
    const end = load<u32>(starts + ((<usize>s) << 2), 4);
    const count = f32x4.splat(<f32>(end - first));
    const to = out + <usize>s * bytes;
    for (let p: usize = 0; p < bytes; p += 16) {
      let sum = f32x4.splat(0);
      for (let r = first; r < end; r++) sum = f32x4.add(sum, v128.load(x + <usize>r * bytes + p));
      v128.store(to + p, f32x4.div(sum, count));
    }
  }
}
