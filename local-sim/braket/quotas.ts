/**
 * Request quotas as token buckets on the cloud's clock: so many a second, and a burst after a pause.
 * source  Amazon Braket developer guide, quotas (us-east-1 defaults)
 */
export interface Quota {
  perSecond: number;
  burst: number;
}

/** By operation; `*` is the quota of all together. */
export type Quotas = Readonly<Record<string, Quota>>;

export const SERVICE_QUOTAS: Quotas = {
  '*': { perSecond: 140, burst: 600 },
  CreateQuantumTask: { perSecond: 20, burst: 40 },
  GetQuantumTask: { perSecond: 100, burst: 500 },
  CancelQuantumTask: { perSecond: 2, burst: 20 },
  SearchQuantumTasks: { perSecond: 5, burst: 50 },
  GetDevice: { perSecond: 5, burst: 50 },
  SearchDevices: { perSecond: 5, burst: 50 },
  CreateJob: { perSecond: 1, burst: 5 },
  GetJob: { perSecond: 5, burst: 25 },
};

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RequestQuotas {
  readonly #quotas: Quotas;
  readonly #buckets = new Map<string, Bucket>();

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** Whether one more request fits now; quotas are those of a region. A refused request takes nothing. */
  admits(operation: string, region: string, nowMs: number): boolean {
    const names = ['*', operation].filter((name) => Object.hasOwn(this.#quotas, name));
    const buckets = names.map((name) => this.#bucket(name, region, nowMs));
    if (buckets.some((bucket) => bucket.tokens < 1)) return false;
    for (const bucket of buckets) bucket.tokens--;
    return true;
  }

  #bucket(name: string, region: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.#quotas[name]!;
    const bucket = this.#buckets.get(`${region} ${name}`) ?? { tokens: burst, atMs: nowMs };
    this.#buckets.set(`${region} ${name}`, bucket);
    // In steps of a thousandth of a token, so that no rounding holds back a whole one.
    const gained = (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1_000;
    bucket.tokens = Math.min(burst, Math.round((bucket.tokens + gained) * 1_000) / 1_000);
    bucket.atMs = Math.max(nowMs, bucket.atMs);
    return bucket;
  }
}
