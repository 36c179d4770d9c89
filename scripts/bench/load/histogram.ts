/** How a histogram travels between processes: pairs of bucket and count, and the two extremes as they were recorded. */
export interface HistogramJson {
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly least: number;
  readonly most: number;
}

const LONGEST = 2 ** 31 - 1;
// 64 buckets for each doubling: a value is known to 1.6 per cent, and 35 minutes fit into 1,664 counters.
const STEPS = 64;
const BUCKETS = 25 * STEPS + STEPS;

const bucketOf = (micros: number): number => {
  const shift = Math.max(0, 25 - Math.clz32(micros));
  return shift * STEPS + (micros >>> shift);
};

/** The greatest value that falls into a bucket. */
function topOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS + 1) * 2 ** shift - 1;
}

/** Latencies in microseconds, whole ones, in buckets that grow with the value. Recording is a shift and an addition. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #least = LONGEST;
  #most = 0;

  static from({ buckets, least, most }: HistogramJson): Histogram {
    const histogram = new Histogram();
    for (const [bucket, count] of buckets) {
      histogram.#counts[bucket]! += count;
      histogram.#count += count;
    }
    histogram.#least = least;
    histogram.#most = most;
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  /** The greatest value, as it was recorded. */
  get most(): number {
    return this.#most;
  }

  record(micros: number): void {
    const value = Math.min(LONGEST, Math.max(0, Math.round(micros)));
    this.#counts[bucketOf(value)]!++;
    this.#count++;
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
  }

  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#count += other.#count;
    this.#least = Math.min(this.#least, other.#least);
    this.#most = Math.max(this.#most, other.#most);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#least = LONGEST;
    this.#most = 0;
  }

  /**
   * The value that so many per cent of all values do not exceed, as the top of its bucket.
   * @param percent above 0, at most 100
   * @returns 0 where nothing was recorded
   */
  percentile(percent: number): number {
    // The rank is rounded up, so that p99 of 100 values is the 99th and p99.9 the 100th.
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count - 1e-9));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank && seen > 0) return Math.min(topOf(bucket), this.#most);
    }
    return 0;
  }

  toJSON(): HistogramJson {
    const buckets: [number, number][] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) buckets.push([bucket, count]);
    });
    return { buckets, least: this.#least, most: this.#most };
  }
}

/** Milliseconds, as latencies are told to people. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly most: number;
}

export function latencyOf(histogram: Histogram): Latency {
  const at = (percent: number): number => histogram.percentile(percent) / 1000;
  return { count: histogram.count, p50: at(50), p99: at(99), p999: at(99.9), most: histogram.most / 1000 };
}
