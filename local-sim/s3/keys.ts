/** The keys of a bucket in S3's order (UTF-8 bytes), and what ListObjects makes of them. */

/** Orders as UTF-8 bytes do. UTF-16 code units order alike except that surrogates must come after U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogateX = x >= 0xd800 && x <= 0xdfff;
    const surrogateY = y >= 0xd800 && y <= 0xdfff;
    if (surrogateX !== surrogateY) return surrogateX ? (y > 0xdfff ? 1 : x - y) : x > 0xdfff ? -1 : x - y;
    return x - y;
  }
  return a.length - b.length;
}

/** First index at which `sorted[i]` is not below `key`. */
export function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareUtf8(sorted[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface SortedKeys {
  readonly all: readonly string[];
  add(key: string): void;
  remove(key: string): void;
}

export function sortedKeys(initial: Iterable<string>): SortedKeys {
  const all = [...initial].sort(compareUtf8);
  return {
    all,
    add(key) {
      const at = lowerBound(all, key);
      if (all[at] !== key) all.splice(at, 0, key);
    },
    remove(key) {
      const at = lowerBound(all, key);
      if (all[at] === key) all.splice(at, 1);
    },
  };
}

export interface Listing {
  keys: string[];
  commonPrefixes: string[];
  /** Present when the listing stopped early: the last key or common prefix given, to be continued after. */
  last?: string;
}

export interface ListingQuery {
  prefix: string;
  delimiter: string;
  /** Only what comes after this key; when it is a common prefix, after all that it covers. */
  after: string;
  limit: number;
}

/** One page of keys and common prefixes, together at most `limit`, in order. */
export function listKeys(sorted: readonly string[], query: ListingQuery): Listing {
  const { prefix, delimiter, after, limit } = query;
  const listing: Listing = { keys: [], commonPrefixes: [] };
  const covers = (text: string) =>
    delimiter !== '' && text.startsWith(prefix) && text.endsWith(delimiter) && text.length > prefix.length;
  let at = lowerBound(sorted, compareUtf8(after, prefix) > 0 ? after : prefix);
  if (covers(after)) while (at < sorted.length && sorted[at]!.startsWith(after)) at++;
  else if (sorted[at] === after && after !== '') at++;
  let last: string | undefined;
  while (at < sorted.length) {
    const key = sorted[at]!;
    if (!key.startsWith(prefix)) break;
    if (listing.keys.length + listing.commonPrefixes.length >= limit) {
      if (last !== undefined) listing.last = last;
      break;
    }
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut < 0) {
      listing.keys.push(key);
      last = key;
      at++;
    } else {
      const common = key.slice(0, cut + delimiter.length);
      listing.commonPrefixes.push(common);
      last = common;
      at++;
      while (at < sorted.length && sorted[at]!.startsWith(common)) at++;
    }
  }
  return listing;
}
