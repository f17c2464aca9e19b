import { InvalidLibrary } from '../contracts/errors.ts';

export interface InflationLimits {
  /** Most inflated bytes per compressed byte. Compound files reach 4 to 12; deflate itself cannot pass 1032. */
  readonly maxRatio: number;
  /** Most inflated bytes in all. */
  readonly maxBytes: number;
}

export const defaultInflationLimits: InflationLimits = { maxRatio: 100, maxBytes: 4 * 1024 ** 3 };

/** Below this many inflated bytes the ratio is not judged: a short file of equal lines compresses well and harms nobody. */
const RATIO_FROM_BYTES = 16 * 1024 ** 2;

/**
 * Stops a gzip bomb while it unfolds. The caller inflates, tells the guard how many bytes went in and came out, and so learns of a bomb before it has
 * written more than the limit.
 *
 * throws InvalidLibrary from `inflated` as soon as a limit is passed
 */
export function createInflationGuard(limits: InflationLimits = defaultInflationLimits): {
  compressed(bytes: number): void;
  inflated(bytes: number): void;
} {
  let bytesIn = 0;
  let bytesOut = 0;
  return {
    compressed(bytes) {
      bytesIn += bytes;
    },
    inflated(bytes) {
      bytesOut += bytes;
      if (bytesOut > limits.maxBytes) {
        throw new InvalidLibrary(
          `wanted at most ${limits.maxBytes} bytes after decompression, found more from ${bytesIn} compressed bytes`,
        );
      }
      if (bytesOut > RATIO_FROM_BYTES && bytesOut > limits.maxRatio * bytesIn) {
        throw new InvalidLibrary(
          `wanted a compressed file that grows at most ${limits.maxRatio} times, found ${bytesIn} bytes that grew to ${bytesOut} so far`,
        );
      }
    },
  };
}
