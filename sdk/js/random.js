// Random numbers of the invocation: the same when it is replayed, and the same as in the other SDKs.

const MASK = (1n << 64n) - 1n;

/** A stream of random numbers (SplitMix64). Not for secrets. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = BigInt(seed) & MASK;
  }

  /** 64 random bits, as a BigInt. */
  bits() {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & MASK;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  }

  /** At least 0, below 1. */
  unit() {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  /** At least `from`, below `to`. */
  between(from, to) {
    return from + this.unit() * (to - from);
  }

  /** True with this probability: never for 0, always for 1. */
  chance(probability) {
    return this.unit() < probability;
  }

  /** Below `n`; 0 for 0. */
  below(n) {
    return n === 0 ? 0 : Number(this.bits() % BigInt(n));
  }

  /** One of these; undefined where there is none. */
  pick(list) {
    return list.length === 0 ? undefined : list[this.below(list.length)];
  }
}
