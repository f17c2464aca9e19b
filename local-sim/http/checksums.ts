/**
 * The checksums of the S3 protocol: CRC-32, CRC-32C and CRC-64/NVME (reflected polynomials, all ones in and out), SHA-1, SHA-256 and MD5,
 * each updated as the body streams by; and the sum of two CRCs, for whole-object checksums of multipart uploads.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];
export type DigestName = ChecksumAlgorithm | 'md5';

export interface Digest {
  update(bytes: Uint8Array): void;
  /** Base64 of the big-endian value, as S3 headers carry it. */
  base64(): string;
}

const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC64_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;

const crc32cTable = new Int32Array(256);
const crc64High = new Int32Array(256);
const crc64Low = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let small = byte;
  let large = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) {
    small = small & 1 ? (small >>> 1) ^ CRC32C_POLYNOMIAL : small >>> 1;
    large = large & 1n ? (large >> 1n) ^ CRC64_POLYNOMIAL : large >> 1n;
  }
  crc32cTable[byte] = small;
  crc64High[byte] = Number(BigInt.asIntN(32, large >> 32n));
  crc64Low[byte] = Number(BigInt.asIntN(32, large));
}

function crc32Digest(): Digest {
  let crc = 0;
  return {
    update: (bytes) => {
      crc = crc32(bytes, crc);
    },
    base64: () => wordBase64(crc),
  };
}

function crc32cDigest(): Digest {
  let crc = -1;
  return {
    update(bytes) {
      let c = crc;
      for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ crc32cTable[(c ^ bytes[i]!) & 255]!;
      crc = c;
    },
    base64: () => wordBase64(~crc >>> 0),
  };
}

function crc64NvmeDigest(): Digest {
  let high = -1;
  let low = -1;
  return {
    update(bytes) {
      let h = high;
      let l = low;
      for (let i = 0; i < bytes.length; i++) {
        const index = (l ^ bytes[i]!) & 255;
        l = ((l >>> 8) | (h << 24)) ^ crc64Low[index]!;
        h = (h >>> 8) ^ crc64High[index]!;
      }
      high = h;
      low = l;
    },
    base64() {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE(~high >>> 0, 0);
      bytes.writeUInt32BE(~low >>> 0, 4);
      return bytes.toString('base64');
    },
  };
}

function wordBase64(word: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(word >>> 0);
  return bytes.toString('base64');
}

export function digest(name: DigestName): Digest {
  if (name === 'crc32') return crc32Digest();
  if (name === 'crc32c') return crc32cDigest();
  if (name === 'crc64nvme') return crc64NvmeDigest();
  const hash = createHash(name);
  return { update: (bytes) => void hash.update(bytes), base64: () => hash.digest('base64') };
}

export function digestOf(name: DigestName, bytes: Uint8Array): string {
  const one = digest(name);
  one.update(bytes);
  return one.base64();
}

const CRC_SHAPES: Partial<Record<ChecksumAlgorithm, { width: bigint; polynomial: bigint }>> = {
  crc32: { width: 32n, polynomial: 0xedb88320n },
  crc32c: { width: 32n, polynomial: BigInt(CRC32C_POLYNOMIAL) },
  crc64nvme: { width: 64n, polynomial: CRC64_POLYNOMIAL },
};

/** The CRC of `first` followed by `second`, from their CRCs (base64) alone: crc(first) · x^(8·bytes) + crc(second) over GF(2). */
export function combineCrc(algorithm: ChecksumAlgorithm, first: string, second: string, secondBytes: number): string {
  const shape = CRC_SHAPES[algorithm];
  if (!shape) throw new RangeError(`${algorithm} of a whole cannot be had from its parts`);
  const { width, polynomial } = shape;
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let shifted = b;
    for (let bit = width - 1n; bit >= 0n; bit--) {
      if ((a >> bit) & 1n) product ^= shifted;
      shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
    }
    return product;
  };
  let power = 1n << (width - 1n);
  let square = 1n << (width - 9n);
  for (let left = secondBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  const value = (text: string) => BigInt(`0x${Buffer.from(text, 'base64').toString('hex')}`);
  const sum = multiply(power, value(first)) ^ value(second);
  return Buffer.from(sum.toString(16).padStart(Number(width) / 4, '0'), 'hex').toString('base64');
}
