/** The shape of a transformer, and its check. */

export interface TransformerConfig {
  /** Blocks, L. */
  readonly layers: number;
  /** Width of the residual stream, d; a multiple of 8 · heads. */
  readonly width: number;
  readonly heads: number;
  /** Width of the hidden layer of a block's network; a multiple of 8. */
  readonly feedForward: number;
  /** Token ids are 0 … vocabulary - 1. */
  readonly vocabulary: number;
  /** Longest sequence of inputs, C: positions are 0 … context - 1. */
  readonly context: number;
}

export const transformerDefaults = { layers: 4, width: 128, heads: 4, context: 128 } as const;

/**
 * A whole configuration from what differs from the defaults; `feedForward` follows the width (4 d).
 *
 * throws  RangeError that says what was wanted and what was found
 */
export function transformerConfig(given: Partial<TransformerConfig> & Pick<TransformerConfig, 'vocabulary'>): TransformerConfig {
  const width = given.width ?? transformerDefaults.width;
  const config = { ...transformerDefaults, feedForward: 4 * width, ...given };
  for (const [name, value] of Object.entries(config))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`transformer: ${name} of 1 or more wanted, ${value} found`);
  if (config.width % (8 * config.heads) !== 0)
    throw new RangeError(`transformer: width in multiples of 8 · ${config.heads} heads wanted, ${config.width} found`);
  if (config.feedForward % 8 !== 0)
    throw new RangeError(`transformer: feedForward in multiples of 8 wanted, ${config.feedForward} found`);
  if (config.vocabulary > 65536)
    throw new RangeError(`transformer: at most 65536 tokens wanted (ids are 16 bits), ${config.vocabulary} found`);
  return config;
}
