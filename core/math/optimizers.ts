/** First-order optimisers that change a flat parameter vector in place; their memory is data that an artifact can keep. */

export interface AdamSettings {
  learningRate: number;
  /** Decoupled: each step shrinks a parameter by learningRate * weightDecay of itself. */
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

export const adamDefaults: AdamSettings = { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** First and second moments, as long as the parameters. */
export interface AdamMoments {
  first: Float64Array;
  second: Float64Array;
}

export function zeroMoments(length: number): AdamMoments {
  return { first: new Float64Array(length), second: new Float64Array(length) };
}

/**
 * One AdamW step, in place on parameters and moments.
 *
 * step    counts from 1, for the bias correction
 * source  Loshchilov and Hutter, arXiv:1711.05101, algorithm 2
 */
export function adamStep(
  parameters: Float64Array,
  gradient: Float64Array,
  moments: AdamMoments,
  step: number,
  { learningRate, weightDecay, beta1, beta2, epsilon }: AdamSettings,
): void {
  const { first, second } = moments;
  const correction1 = 1 - beta1 ** step;
  const correction2 = Math.sqrt(1 - beta2 ** step);
  const rate = learningRate / correction1;
  const shrink = 1 - learningRate * weightDecay;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    const m = beta1 * first[i]! + (1 - beta1) * g;
    const v = beta2 * second[i]! + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    parameters[i] = parameters[i]! * shrink - (rate * m) / (Math.sqrt(v) / correction2 + epsilon);
  }
}

/** One plain gradient step, in place. */
export function gradientStep(parameters: Float64Array, gradient: Float64Array, learningRate: number): void {
  for (let i = 0; i < parameters.length; i++) parameters[i]! -= learningRate * gradient[i]!;
}
